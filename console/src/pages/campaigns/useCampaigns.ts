import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, data, type Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import type { CampaignPage, CampaignView, Status } from "./verbs";

/** What somebody looks for, as the page's address tells it. */
export type Sought = { status?: string; group?: string; owner?: string; q?: string };

const PAGE = 25;
/** Archived ones are shown where they are asked for. */
const USUAL: Status[] = ["running", "paused", "testing", "draft"];

/** Campaigns page by page, those made last first. */
export function useCampaigns({ status, group, owner, q }: Sought) {
  const project = useProject();
  return useInfiniteQuery({
    queryKey: ["project", project, "campaigns", { status, group, owner, q }],
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam }: { pageParam: string }): Promise<CampaignPage> =>
      data(
        api.GET("/v1/projects/{project}/campaigns", {
          params: {
            path: { project },
            query: {
              search: q ?? "",
              status: status ? [status as Status] : USUAL,
              group: group ?? "",
              owner: owner ?? "",
              newest_first: true,
              after: pageParam,
              limit: PAGE,
            },
          },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** What each of some campaigns brought, by id; those that never ran are not asked for. */
export function useBrought(shown: readonly CampaignView[]) {
  const project = useProject();
  const ran = shown.filter((one) => (one.body.status ?? "draft") !== "draft").map((one) => one.id);
  const found = useQuery({
    queryKey: ["project", project, "summary", ran],
    enabled: ran.length > 0,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      data(
        api.GET("/v1/projects/{project}/results", {
          params: { path: { project }, query: { campaign: ran } },
          signal,
        }),
      ),
  });
  const lines = new Map<string, Schemas["CampaignLine"]>();
  for (const line of found.data?.campaigns ?? []) lines.set(line.campaign, line);
  return { lines, pending: found.isPending && ran.length > 0, failed: found.isError };
}
