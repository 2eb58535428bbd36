import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Menu,
  NumberInput,
  Paper,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconCopyPlus, IconDots, IconPlus, IconTrash } from "@tabler/icons-react";
import { useRef } from "react";
import { type Content, copyRow, drop, dropRow, type Message, put, type Row, type Rule } from "../draft";
import { TypeChoice } from "./ContentEditor";
import { DynamicMenu } from "./DynamicMenu";

type Props = {
  rule: Rule;
  content: Content;
  set: (content: Content) => void;
  /** writes all experiences of the rule; absent where only this content can be written */
  change?: (rule: Rule) => void;
  locked: boolean;
};

/** Messages: each a target and rows of name and value, withheld alone when something it needs is missing. */
export function Messages({ rule, content, set, change, locked }: Props) {
  const messages = content.messages ?? [];
  const write = (made: Message[]) => set({ ...content, messages: made });
  return (
    <Stack gap="sm">
      {messages.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing is shown yet. A message has a target, e.g. a place on the page, and rows that fill it.
        </Text>
      )}
      {messages.map((message, index) => (
        <Paper
          key={message.id || `new-${index.toString()}`}
          withBorder
          p="sm"
          component="section"
          aria-label={`Message ${index + 1}`}
        >
          <Group mb="xs" gap="sm" align="flex-end">
            <TextInput
              label="Target"
              size="xs"
              placeholder="hero"
              disabled={locked}
              value={message.target ?? ""}
              onChange={(event) => write(put(messages, index, { ...message, target: event.currentTarget.value }))}
            />
            <TagsInput
              label="Items"
              size="xs"
              style={{ flex: 1, minWidth: 160 }}
              placeholder={(message.items ?? []).length ? undefined : "ids of the catalogue, for rows of type Items"}
              disabled={locked}
              value={[...(message.items ?? [])]}
              onChange={(items) => write(put(messages, index, { ...message, items }))}
            />
            {(message.items ?? []).length > 0 && (
              <Checkbox
                size="xs"
                mb={7}
                label="Ids only"
                disabled={locked}
                checked={message.ids_only ?? false}
                onChange={(event) => write(put(messages, index, { ...message, ids_only: event.currentTarget.checked }))}
              />
            )}
            {!locked && (
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={`Delete message ${index + 1}`}
                onClick={() => write(drop(messages, index))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            )}
          </Group>
          <Rows
            rule={rule}
            index={index}
            message={message}
            write={(made) => write(put(messages, index, made))}
            change={change}
            locked={locked}
          />
        </Paper>
      ))}
      {!locked && (
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconPlus size={14} />}
          style={{ alignSelf: "flex-start" }}
          onClick={() => write([...messages, { rows: [] }])}
        >
          Add message
        </Button>
      )}
    </Stack>
  );
}

type RowsProps = {
  rule: Rule;
  index: number;
  message: Message;
  write: (message: Message) => void;
  change?: (rule: Rule) => void;
  locked: boolean;
};

function Rows({ rule, index, message, write, change, locked }: RowsProps) {
  const rows = message.rows ?? [];
  const set = (made: Row[]) => write({ ...message, rows: made });
  return (
    <Stack gap={6}>
      {rows.map((row, at) => (
        <Line
          key={at.toString()}
          row={row}
          locked={locked}
          set={(made) => set(put(rows, at, made))}
          remove={() => set(drop(rows, at))}
          everywhere={change && row.name ? () => change(copyRow(rule, index, row)) : undefined}
          nowhere={change && row.name ? () => change(dropRow(rule, index, row.name)) : undefined}
        />
      ))}
      {!locked && (
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconPlus size={12} />}
          style={{ alignSelf: "flex-start" }}
          onClick={() => set([...rows, { name: "", value: "", type: "text" }])}
        >
          Add row
        </Button>
      )}
    </Stack>
  );
}

type LineProps = {
  row: Row;
  locked: boolean;
  set: (row: Row) => void;
  remove: () => void;
  everywhere?: () => void;
  nowhere?: () => void;
};

function Line({ row, locked, set, remove, everywhere, nowhere }: LineProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const type = row.type ?? "text";
  function insert(text: string) {
    const at = field.current?.selectionStart ?? String(row.value ?? "").length;
    const old = String(row.value ?? "");
    set({ ...row, value: old.slice(0, at) + text + old.slice(field.current?.selectionEnd ?? at) });
  }
  function retype(made: string) {
    const value = made === "number" ? Number(row.value) || 0 : made === "items" ? "$items" : String(row.value ?? "");
    set({ ...row, type: made as Row["type"], value });
  }
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap">
      <TextInput
        aria-label="Name of the row"
        placeholder="name"
        size="xs"
        w={130}
        disabled={locked}
        value={row.name}
        onChange={(event) => set({ ...row, name: event.currentTarget.value })}
      />
      <TypeChoice value={type} disabled={locked} onChange={retype} />
      {type === "number" ? (
        <NumberInput
          aria-label={`Value of ${row.name}`}
          size="xs"
          style={{ flex: 1 }}
          disabled={locked}
          value={Number(row.value)}
          onChange={(value) => typeof value === "number" && set({ ...row, value })}
        />
      ) : type === "items" ? (
        <TagsInput
          aria-label={`Items of ${row.name}`}
          size="xs"
          style={{ flex: 1 }}
          disabled={locked}
          placeholder={row.value === "$items" ? "all items of the message" : undefined}
          value={Array.isArray(row.value) ? row.value.map(String) : []}
          onChange={(items) => set({ ...row, value: items.length ? items : "$items" })}
        />
      ) : (
        <Textarea
          ref={field}
          aria-label={`Value of ${row.name}`}
          size="xs"
          autosize
          minRows={1}
          maxRows={6}
          style={{ flex: 1 }}
          disabled={locked}
          value={String(row.value ?? "")}
          onChange={(event) => set({ ...row, value: event.currentTarget.value })}
        />
      )}
      {!locked && (
        <>
          {type === "text" && <DynamicMenu insert={insert} />}
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`What can be done with the row ${row.name}`}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconCopyPlus size={14} />} disabled={!everywhere} onClick={everywhere}>
                Copy to all experiences
              </Menu.Item>
              <Menu.Item leftSection={<IconTrash size={14} />} onClick={remove}>
                Delete here
              </Menu.Item>
              <Menu.Item leftSection={<IconTrash size={14} />} color="red" disabled={!nowhere} onClick={nowhere}>
                Delete from all
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      )}
    </Group>
  );
}
