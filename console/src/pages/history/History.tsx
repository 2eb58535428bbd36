import { Anchor, Badge, Button, Code, Collapse, Group, Paper, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Trouble } from "@/parts/Trouble";

type Entry = Schemas["AuditEntry"];
type Change = Schemas["Change"];

const PLACES: Record<string, string> = {
  campaign: "campaigns",
  audience: "audiences",
  template: "templates",
  goal: "goals",
  settings: "settings",
};

/** Who changed what, and when. */
export function History() {
  const project = useProject();
  const found = useInfiniteQuery({
    queryKey: ["project", project, "audit"],
    initialPageParam: 0,
    queryFn: ({ pageParam: before }) =>
      data(api.GET("/v1/projects/{project}/audit", { params: { path: { project }, query: { limit: 50, before } } })),
    getNextPageParam: (last) => (last.next ? Number(last.next) : undefined),
  });
  const entries = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      title="History"
      about="Every change of a definition, with its author and what it changed. Nothing is ever edited or removed here."
    >
      {found.error && <Trouble error={found.error} retry={() => found.refetch()} />}
      {found.isSuccess && entries.length === 0 && (
        <Empty icon={<IconHistory size={26} />} title="Nothing was changed yet">
          When somebody publishes a campaign or changes an audience, it is written down here.
        </Empty>
      )}
      {entries.length > 0 && (
        <Paper withBorder>
          <Stack gap={0}>
            {entries.map((entry) => (
              <Line key={entry.seq} entry={entry} />
            ))}
          </Stack>
        </Paper>
      )}
      {found.hasNextPage && (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </Page>
  );
}

function Line({ entry }: { entry: Entry }) {
  const [opened, setOpened] = useState(false);
  const project = useProject();
  const changes = entry.changes ?? [];
  const place = entry.kind === "settings" ? "settings" : `${PLACES[entry.kind]}/${entry.key}`;
  return (
    <div style={{ borderBottom: "1px solid var(--mantine-color-default-border)" }}>
      <Group px="md" py="xs" gap="sm" wrap="nowrap" justify="space-between">
        <Group gap="sm" wrap="nowrap" miw={0}>
          <UnstyledButton
            aria-expanded={opened}
            aria-label={`What changed in version ${entry.version} of ${entry.key}`}
            onClick={() => setOpened(!opened)}
            disabled={changes.length === 0}
            style={{ visibility: changes.length ? "visible" : "hidden", display: "flex" }}
          >
            <IconChevronRight size={16} style={{ transform: opened ? "rotate(90deg)" : undefined }} />
          </UnstyledButton>
          <div style={{ minWidth: 0 }}>
            <Text size="sm" truncate>
              <b>{entry.author}</b> · {entry.action} ·{" "}
              <Anchor component={Link} to={`/p/${project}/${place}`} size="sm" underline="always">
                {entry.kind === "settings" ? "settings" : `${entry.kind} ${entry.key}`}
              </Anchor>
            </Text>
            <Text size="xs" c="dimmed">
              version {entry.version}
              {changes.length > 0 && ` · ${changes.length} ${changes.length === 1 ? "change" : "changes"}`}
            </Text>
          </div>
        </Group>
        <Text size="sm" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          <Moment at={entry.at} />
        </Text>
      </Group>
      <Collapse expanded={opened}>
        <Changes changes={changes} />
      </Collapse>
    </div>
  );
}

/** What differs between two versions, member by member. */
export function Changes({ changes, names }: { changes: Change[]; names?: Record<string, string> }) {
  return (
    <Table.ScrollContainer minWidth={560} px="md" pb="sm">
      <Table layout="fixed" fz="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="30%">Where</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>After</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changes.map((change) => (
            <Table.Tr key={change.path} style={{ verticalAlign: "top" }}>
              <Table.Td>
                <code>{named(change.path, names)}</code>
              </Table.Td>
              <Table.Td>
                <Value value={change.before} />
              </Table.Td>
              <Table.Td>
                <Value value={change.after} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** A path in which ids are replaced by what people call their rules and experiences. */
function named(path: string, names: Record<string, string> = {}): string {
  return path.replace(/[A-Za-z0-9]{5}/g, (id) => names[id] ?? id);
}

function Value({ value }: { value: unknown }) {
  if (value === undefined || value === null)
    return (
      <Badge size="xs" variant="default" tt="none">
        nothing
      </Badge>
    );
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 1);
  return (
    <Code block fz="xs" style={{ maxHeight: 180, overflow: "auto", whiteSpace: "pre-wrap" }}>
      {text}
    </Code>
  );
}
