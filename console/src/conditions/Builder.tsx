import { ActionIcon, Button, Group, Menu, Paper, SegmentedControl, Select, Stack, Text, Tooltip } from "@mantine/core";
import {
  IconCalendarEvent,
  IconFilter,
  IconHeart,
  IconParentheses,
  IconPlus,
  IconTrash,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useMemo } from "react";
import { useWrong } from "@/parts/wrong";
import { type Group as GroupNode, type Logic, type Node, newGroup, newPast, newTest, paths, replace } from "./model";
import { PastRow } from "./PastRow";
import { TestRow } from "./TestRow";
import type { Known } from "./useKnown";

const SAYS: Record<Logic, string> = {
  and: "All of these",
  or: "Any of these",
  nor: "None of these",
  not: "Not all of these together",
};

type Props = {
  /** the root of the tree; its owner keeps it, so that rows keep their places while one types */
  root: Node;
  onChange: (root: Node) => void;
  known: Known;
  disabled?: boolean;
  /** in a `where`, only attributes can be named */
  only?: "attributes";
};

/** A condition as rows and groups that people put together. */
export function Builder({ root, onChange, known, disabled, only }: Props) {
  const set = (id: number, made: Node | null) => onChange(replace(root, id, made));
  const places = useMemo(() => paths(root), [root]);
  const { own } = useWrong();
  const row = { set, known, disabled, only, places };
  if (root.kind !== "group") return <Row node={root} {...row} />;
  return (
    <>
      <Parts group={root} {...row} outermost />
      {!only && <Said text={own()} />}
    </>
  );
}

function Said({ text }: { text: string | undefined }) {
  return text ? (
    <Text size="xs" c="red" mt={4} role="alert">
      {text}
    </Text>
  ) : null;
}

type RowProps = {
  node: Node;
  set: (id: number, made: Node | null) => void;
  known: Known;
  disabled?: boolean;
  only?: "attributes";
  /** where each node stands in the JSON */
  places: Map<number, string>;
};

function Row({ node, ...row }: RowProps) {
  const { set, known, disabled, only } = row;
  const { field } = useWrong();
  if (node.kind === "group") {
    return (
      <Paper withBorder p="sm" radius="md" bg="var(--mantine-color-default-hover)">
        <Parts group={node} {...row} />
      </Paper>
    );
  }
  const change = (made: Node | null) => set(node.id, made);
  const { error, ...place } = field(row.places.get(node.id) ?? "");
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap" {...(only ? {} : place)}>
      <div style={{ flex: 1, minWidth: 0 }}>
        {node.kind === "test" ? (
          <TestRow test={node} onChange={change} known={known} disabled={disabled} only={only} />
        ) : (
          <PastRow past={node} onChange={change} known={known} disabled={disabled} />
        )}
        {!only && <Said text={error} />}
      </div>
      <Remove what="this row" act={() => change(null)} disabled={disabled} />
    </Group>
  );
}

function Remove({ what, act, disabled }: { what: string; act: () => void; disabled?: boolean }) {
  return (
    <Tooltip label={`Remove ${what}`}>
      <ActionIcon variant="subtle" color="gray" mt={4} onClick={act} disabled={disabled} aria-label={`Remove ${what}`}>
        <IconTrash size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

type PartsProps = { group: GroupNode; outermost?: boolean } & Omit<RowProps, "node">;

function Parts({ group, outermost, ...row }: PartsProps) {
  const { set, disabled, only } = row;
  const add = (node: Node) => set(group.id, { ...group, children: [...group.children, node] });
  const single = group.children.length < 2 && outermost;
  return (
    <Stack gap="sm" role="group" aria-label={SAYS[group.op]}>
      <Group justify="space-between" gap="xs" display={single && group.op === "and" ? "none" : undefined}>
        {outermost ? (
          <SegmentedControl
            size="xs"
            aria-label="How the rows go together"
            disabled={disabled}
            value={group.op}
            onChange={(op) => set(group.id, { ...group, op: op as Logic, inline: op === "and" && group.inline })}
            data={[
              { value: "and", label: "All" },
              { value: "or", label: "Any" },
              { value: "nor", label: "None" },
            ]}
          />
        ) : (
          <Select
            size="xs"
            w={210}
            aria-label="How the rows of this group go together"
            allowDeselect={false}
            disabled={disabled}
            value={group.op}
            onChange={(op) => set(group.id, { ...group, op: op as Logic, inline: false })}
            data={Object.entries(SAYS).map(([value, label]) => ({ value, label }))}
          />
        )}
        {!outermost && <Remove what="this group" act={() => set(group.id, null)} disabled={disabled} />}
      </Group>
      {group.children.map((child, index) => (
        <div key={child.id}>
          {index > 0 && (
            <Text size="xs" c="dimmed" ml="xs" mb={6} fw={600} aria-hidden>
              {group.op === "or" || group.op === "nor" ? "or" : "and"}
            </Text>
          )}
          <Row node={child} {...row} />
        </div>
      ))}
      {!disabled && <Add add={add} only={only} />}
    </Stack>
  );
}

function Add({ add, only }: { add: (node: Node) => void; only?: "attributes" }) {
  return (
    <Group gap="xs">
      <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} />} onClick={() => add(newTest())}>
        Attribute
      </Button>
      {only !== "attributes" && (
        <>
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<IconCalendarEvent size={14} />}
            onClick={() => add(newPast("event"))}
          >
            What they did
          </Button>
          <Button
            size="compact-sm"
            variant="light"
            leftSection={<IconUsersGroup size={14} />}
            onClick={() => add(newPast("audience"))}
          >
            Audience
          </Button>
        </>
      )}
      <Menu position="bottom-start">
        <Menu.Target>
          <Button size="compact-sm" variant="subtle" color="gray">
            More
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {only !== "attributes" && (
            <>
              <Menu.Item leftSection={<IconFilter size={14} />} onClick={() => add(newTest("@device"))}>
                Device, country, time…
              </Menu.Item>
              <Menu.Item leftSection={<IconHeart size={14} />} onClick={() => add(newPast("affinity"))}>
                What they like most
              </Menu.Item>
            </>
          )}
          <Menu.Item leftSection={<IconParentheses size={14} />} onClick={() => add(newGroup("or"))}>
            Group: any of
          </Menu.Item>
          <Menu.Item leftSection={<IconParentheses size={14} />} onClick={() => add(newGroup("and"))}>
            Group: all of
          </Menu.Item>
          <Menu.Item leftSection={<IconParentheses size={14} />} onClick={() => add(newGroup("nor"))}>
            Group: none of
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
