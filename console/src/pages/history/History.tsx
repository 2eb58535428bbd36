import {
  Anchor,
  Badge,
  Button,
  Code,
  Collapse,
  Group,
  Paper,
  Select,
  Skeleton,
  Stack,
  Table,
  Text,
  UnstyledButton,
} from "@mantine/core";
import { IconChevronRight, IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import type { operations } from "@/api/schema";
import { useProject } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Trouble } from "@/parts/Trouble";
import { type Names, valueInWords, whereInWords } from "./where";

type Entry = Schemas["AuditEntry"];
type Change = Schemas["Change"];

type Kind = NonNullable<NonNullable<operations["readAudit"]["parameters"]["query"]>["kind"]>;

/** Kind of what was changed → what people call it, and where it is found. */
const KINDS: Record<Kind, { label: string; place?: (key: string) => string }> = {
  campaign: { label: "campaign", place: (key) => `campaigns/${key}` },
  audience: { label: "audience", place: (key) => `audiences/${key}` },
  template: { label: "template", place: (key) => `templates/${key}` },
  goal: { label: "goal", place: (key) => `goals/${key}` },
  settings: { label: "settings", place: () => "settings" },
  list: { label: "list", place: (key) => `audiences/${key}` },
  items: { label: "catalogue", place: () => "catalogue" },
  key: { label: "key of", place: () => "keys" },
  signing_key: { label: "signing key" },
  member: { label: "member", place: () => "settings" },
  invitation: { label: "invitation", place: () => "settings" },
  person: { label: "person" },
  project: { label: "project", place: () => "settings" },
};
const CHOICES = Object.entries(KINDS).map(([value, { label }]) => ({
  value,
  label: value === "key" ? "Key" : label.charAt(0).toUpperCase() + label.slice(1),
}));

/** Who changed what, and when. */
export function History() {
  const project = useProject();
  const [kind, setKind] = useState<Kind | null>(null);
  const found = useInfiniteQuery({
    queryKey: ["project", project, "audit", kind],
    initialPageParam: 0,
    queryFn: ({ pageParam: before }) =>
      data(
        api.GET("/v1/projects/{project}/audit", {
          params: { path: { project }, query: { limit: 50, before, ...(kind && { kind }) } },
        }),
      ),
    getNextPageParam: (last) => (last.next ? Number(last.next) : undefined),
  });
  const entries = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      title="History"
      about="Who changed what: definitions, keys, members, lists, the catalogue, and who erased somebody. Nothing is ever edited or removed here."
      actions={
        <Select
          aria-label="What was changed"
          placeholder="Everything"
          clearable
          data={CHOICES}
          value={kind}
          onChange={(value) => setKind(value as Kind | null)}
          w={170}
        />
      }
    >
      {found.error && <Trouble error={found.error} retry={() => found.refetch()} />}
      {found.isPending && (
        <Stack gap="sm" role="status" aria-busy="true" aria-label="Loading">
          {[0, 1, 2, 3].map((line) => (
            <Skeleton key={line} height={44} radius="sm" />
          ))}
        </Stack>
      )}
      {found.isSuccess && entries.length === 0 && (
        <Empty icon={<IconHistory size={26} />} title={kind ? "Nothing of this kind" : "Nothing was changed yet"}>
          When somebody publishes a campaign, makes a key or invites a colleague, it is written down here.
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
  const changes = entry.changes ?? [];
  const many = `${changes.length} ${changes.length === 1 ? "change" : "changes"}`;
  const about = [entry.version > 0 && `version ${entry.version}`, changes.length > 0 && many].filter(Boolean);
  return (
    <div style={{ borderBottom: "1px solid var(--mantine-color-default-border)" }}>
      <Group px="md" py="xs" gap="sm" wrap="nowrap" justify="space-between">
        <Group gap="sm" wrap="nowrap" miw={0}>
          <UnstyledButton
            aria-expanded={opened}
            aria-label={`What “${entry.action}” changed in ${entry.key || KINDS[entry.kind as Kind]?.label}`}
            onClick={() => setOpened(!opened)}
            disabled={changes.length === 0}
            style={{ visibility: changes.length ? "visible" : "hidden", display: "flex" }}
          >
            <IconChevronRight size={16} style={{ transform: opened ? "rotate(90deg)" : undefined }} />
          </UnstyledButton>
          <div style={{ minWidth: 0 }}>
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              <b>{entry.author || "nobody in particular"}</b> · {entry.action} · <Subject entry={entry} />
            </Text>
            {about.length > 0 && (
              <Text size="xs" c="dimmed">
                {about.join(" · ")}
              </Text>
            )}
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

function Subject({ entry }: { entry: Entry }) {
  const project = useProject();
  const known = KINDS[entry.kind as Kind];
  const name = ["settings", "items", "person"].includes(entry.kind) ? "" : entry.key;
  const text = `${known?.label ?? entry.kind}${name ? ` ${name}` : ""}`;
  if (!known?.place) return text;
  return (
    <Anchor component={Link} to={`/p/${project}/${known.place(entry.key)}`} size="sm" underline="always">
      {text}
    </Anchor>
  );
}

/** What differs between two versions, member by member. */
export function Changes({ changes, names }: { changes: Change[]; names?: Names }) {
  return (
    <Table.ScrollContainer minWidth={560} tabIndex={0} px="md" pb="sm">
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
              <Table.Td title={change.path} style={{ overflowWrap: "anywhere" }}>
                {whereInWords(change.path, names)}
              </Table.Td>
              <Table.Td>
                <Value value={change.before} path={change.path} names={names} />
              </Table.Td>
              <Table.Td>
                <Value value={change.after} path={change.path} names={names} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Value({ value, path, names }: { value: unknown; path: string; names?: Names }) {
  if (typeof value === "number" && path.endsWith("_at")) return <Moment at={value} exact />;
  if (value === undefined || value === null)
    return (
      <Badge size="xs" variant="default" tt="none">
        nothing
      </Badge>
    );
  const told = valueInWords(value, path, names);
  return (
    <Code
      block
      fz="xs"
      ff={told === undefined ? undefined : "text"}
      style={{ maxHeight: 180, overflow: "auto", whiteSpace: "pre-wrap" }}
    >
      {told ?? JSON.stringify(value, null, 1)}
    </Code>
  );
}
