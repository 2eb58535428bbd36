import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { me, projectSettings } from "@/api/queries";

/** Roles in the order of what they may do; each may do what those before it may. */
export const ROLES = ["viewer", "editor", "publisher", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Key of the project that the address names. */
export function useProject(): string {
  const { project } = useParams({ strict: false });
  if (!project) throw new Error("This page belongs to a project.");
  return project;
}

/** What the person signed in may do in the project of this page. */
export function useRole(): (atLeast: Role) => boolean {
  const { project } = useParams({ strict: false });
  const { data } = useQuery(me);
  const role = data?.projects.find((one) => one.key === project)?.role as Role | undefined;
  return (atLeast) => role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(atLeast);
}

/** The project's time zone; UTC until it is known. */
export function useZone(): string {
  const { project } = useParams({ strict: false });
  const { data } = useQuery({ ...projectSettings(project ?? ""), enabled: Boolean(project), staleTime: 300_000 });
  return data?.body.time_zone ?? "UTC";
}
