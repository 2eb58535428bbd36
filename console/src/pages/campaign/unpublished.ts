import { api, data, type Schemas } from "@/api/client";
import type { Body } from "./draft";

/** A draft as the server keeps it. */
export type StoredDraft = Omit<Schemas["DraftView"], "body"> & { body: Body };
export type Check = Schemas["Check"];

const params = (project: string, ref: string) => ({ path: { project, ref } });

/** The draft of a campaign; null where it has none. */
export async function readDraft(project: string, ref: string): Promise<StoredDraft | null> {
  const found = await data(
    api.GET("/v1/projects/{project}/campaigns/{ref}/unpublished", { params: params(project, ref) }),
  );
  return (found as StoredDraft | undefined) ?? null;
}

/** Keep a draft over the one of a revision, 0 = there is none; 409 when somebody wrote meanwhile. */
export async function saveDraft(
  project: string,
  ref: string,
  body: Body,
  revision: number,
  base: number,
): Promise<StoredDraft> {
  return (await data(
    api.PUT("/v1/projects/{project}/campaigns/{ref}/unpublished", {
      params: { ...params(project, ref), header: { "If-Match": `"${revision}"` } },
      body: { body: body as never, base },
    }),
  )) as StoredDraft;
}

/** What publishing the draft would do, and what is in its way. */
export const checkDraft = (project: string, ref: string): Promise<Check> =>
  data(api.POST("/v1/projects/{project}/campaigns/{ref}/unpublished/check", { params: params(project, ref) }));

export const publishDraft = (project: string, ref: string): Promise<Schemas["Versioned_Campaign_"]> =>
  data(api.POST("/v1/projects/{project}/campaigns/{ref}/unpublished/publish", { params: params(project, ref) }));

export const discardDraft = (project: string, ref: string) =>
  api.DELETE("/v1/projects/{project}/campaigns/{ref}/unpublished", { params: params(project, ref) });
