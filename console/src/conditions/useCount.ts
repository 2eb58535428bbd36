import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, data } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useProject } from "@/app/project";
import { below, sentence, type Wrong } from "@/parts/wrong";
import type { JsonObject } from "./model";

const NOTHING: Wrong[] = [];

/** How many known people a condition matches, while it is being put together, and what is wrong with it. */
export function useCount(condition: JsonObject | undefined) {
  const project = useProject();
  const now = condition ? JSON.stringify(condition) : "";
  const [settled] = useDebouncedValue(now, 600);
  const found = useQuery({
    queryKey: ["project", project, "matches", settled],
    enabled: Boolean(settled),
    retry: false,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      data(
        api.POST("/v1/projects/{project}/audiences:count", {
          params: { path: { project } },
          body: { condition: JSON.parse(settled), examples: 8 },
          signal,
        }),
      ),
  });
  const { error } = found;
  const wrong = useMemo(
    () =>
      error
        ? asProblem(error).fields.flatMap((one) => {
            const path = below(one.field, "condition");
            return path === undefined ? [] : [{ path, text: sentence(one) }];
          })
        : NOTHING,
    [error],
  );
  // What is said of an earlier text holds no more.
  return { ...found, wrong: now === settled ? wrong : NOTHING, counting: found.isFetching || now !== settled };
}
