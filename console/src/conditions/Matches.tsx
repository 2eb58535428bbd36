import { Anchor, Group, HoverCard, Loader, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useProject } from "@/app/project";
import { nameOf } from "@/pages/people/named";
import { count } from "@/parts/figures";
import type { useCount } from "./useCount";

/** How many known people match, with some of them. */
export function Matches({ found }: { found: ReturnType<typeof useCount> }) {
  const project = useProject();
  if (found.error)
    return (
      <Text size="sm" c={found.wrong.length ? "dimmed" : "red"} role="status" maw={460}>
        {found.wrong.length ? "Counted when it is complete" : asProblem(found.error).message}
      </Text>
    );
  const told = found.data;
  if (!told) return <Loader size="xs" role="img" aria-label="Counting" />;
  const examples = told.examples as Schemas["Person"][];
  return (
    <Group gap={6} wrap="nowrap">
      {found.counting && <Loader size={12} role="img" aria-label="Counting" />}
      <HoverCard withArrow position="bottom-end" disabled={examples.length === 0}>
        <HoverCard.Target>
          <Text size="sm" role="status" tabIndex={0} c={found.counting ? "dimmed" : undefined}>
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
    </Group>
  );
}
