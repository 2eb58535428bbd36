import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { useProject } from "@/app/project";

/** Values of an attribute that were seen, most frequent first, for suggestions. */
export function useValues(attribute: string | undefined): string[] {
  const project = useProject();
  const found = useQuery({
    queryKey: ["project", project, "values", attribute],
    enabled: Boolean(attribute),
    staleTime: 300_000,
    queryFn: () =>
      data(
        api.GET("/v1/projects/{project}/schema/values", {
          params: { path: { project }, query: { attribute: attribute! } },
        }),
      ),
  });
  return (found.data?.values ?? []).map((one) => String(one.value));
}
