import { ActionIcon, Button, Checkbox, Group, Paper, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { At, useWrong } from "@/parts/wrong";
import { type Content, copyRow, drop, dropRow, type Message, put, type Row, type Rule } from "../draft";
import { RowLine } from "./RowLine";

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
  const { own, place, field } = useWrong();
  const write = (made: Message[]) => set({ ...content, messages: made });
  return (
    <Stack gap="sm" {...place()}>
      {own() && (
        <Text size="xs" c="red" role="alert">
          {own()}
        </Text>
      )}
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
              {...field(`messages[${index}].target`)}
            />
            <TagsInput
              label="Items"
              size="xs"
              style={{ flex: 1, minWidth: 160 }}
              placeholder={(message.items ?? []).length ? undefined : "ids of the catalogue, for rows of type Items"}
              disabled={locked}
              value={[...(message.items ?? [])]}
              onChange={(items) => write(put(messages, index, { ...message, items }))}
              {...field(`messages[${index}].items`)}
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
          <At path={`messages[${index}]`}>
            <Rows
              rule={rule}
              index={index}
              message={message}
              write={(made) => write(put(messages, index, made))}
              change={change}
              locked={locked}
            />
          </At>
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
  const { own } = useWrong();
  const several = (rule.experiences ?? []).length > 1;
  return (
    <Stack gap={6}>
      {own("rows") && (
        <Text size="xs" c="red" role="alert">
          {own("rows")}
        </Text>
      )}
      {rows.map((row, at) => (
        <At key={at.toString()} path={`rows[${at}]`}>
          <RowLine
            row={row}
            locked={locked}
            set={(made) => set(put(rows, at, made))}
            remove={() => set(drop(rows, at))}
            everywhere={change && several && row.name ? () => change(copyRow(rule, index, row)) : undefined}
            nowhere={change && several && row.name ? () => change(dropRow(rule, index, row.name)) : undefined}
          />
        </At>
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
