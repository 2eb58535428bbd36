import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { useProject } from "./project";

/** Key of a campaign that runs, for code that can be copied; of none yet, what it could be called. */
export function useRunningCampaign(): string {
  const project = useProject();
  const { data: found } = useQuery({
    queryKey: ["project", project, "campaigns", "one that runs"],
    queryFn: () =>
      data(
        api.GET("/v1/projects/{project}/campaigns", {
          params: { path: { project }, query: { status: ["running"], limit: 1 } },
        }),
      ),
  });
  return found?.items[0]?.key ?? "home-hero";
}
