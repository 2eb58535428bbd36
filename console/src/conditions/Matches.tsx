import { Anchor, HoverCard, Loader, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useProject } from "@/app/project";
import { nameOf } from "@/pages/people/named";
import { count } from "@/parts/figures";
import type { JsonObject } from "./model";

/** How many known people a condition matches, while it is being put together, with some of them. */
export function Matches({ condition }: { condition: JsonObject }) {
  const project = useProject();
  const [settled] = useDebouncedValue(JSON.stringify(condition), 600);
  const found = useQuery({
    queryKey: ["project", project, "matches", settled],
    retry: false,
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      data(
        api.POST("/v1/projects/{project}/audiences:count", {
          params: { path: { project } },
          body: { condition: JSON.parse(settled), examples: 8 },
          signal,
        }),
      ),
  });
  if (found.isPending) return <Loader size="xs" aria-label="Counting" />;
  if (found.error) {
    const problem = asProblem(found.error);
    const first = problem.fields[0];
    return (
      <Text size="sm" c="red" role="status" maw={460}>
        {first ? `${first.field.replace(/^condition\.?/, "")}: expected ${first.expected}` : problem.message}
      </Text>
    );
  }
  const told = found.data;
  const examples = told.examples as Schemas["Person"][];
  return (
    <HoverCard withArrow position="bottom-end" disabled={examples.length === 0}>
      <HoverCard.Target>
        <Text size="sm" role="status" tabIndex={0}>
          <b>
            {told.exact ? "" : "about "}
            {count(told.count)}
          </b>{" "}
          of {count(told.people)} known {told.people === 1 ? "person" : "people"}
          {!told.exact && ` (± ${count(Math.round(1.96 * told.error))})`}
        </Text>
      </HoverCard.Target>
      <HoverCard.Dropdown>
        <Stack gap={2}>
          <Text size="xs" c="dimmed">
            For example
          </Text>
          {examples.map(nameOf).map((id) => (
            <Anchor key={id} component={Link} to={`/p/${project}/people/${encodeURIComponent(id)}`} size="sm">
              {id}
            </Anchor>
          ))}
        </Stack>
      </HoverCard.Dropdown>
    </HoverCard>
  );
}
