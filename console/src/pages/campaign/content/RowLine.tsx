import { ActionIcon, Group, Menu, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import { IconCopyPlus, IconDots, IconTrash } from "@tabler/icons-react";
import { useRef } from "react";
import { NumberField } from "@/parts/NumberField";
import { useWrong } from "@/parts/wrong";
import type { Row } from "../draft";
import { DynamicMenu } from "./DynamicMenu";

type Props = {
  row: Row;
  locked: boolean;
  set: (row: Row) => void;
  remove: () => void;
  everywhere?: () => void;
  nowhere?: () => void;
};

/** Beside its name where there is room, else below it. */
const VALUE = { flex: "1 1 240px", minWidth: 0 };

/** One row: name, type and value, with what varies from visitor to visitor put in by a menu. */
export function RowLine({ row, locked, set, remove, everywhere, nowhere }: Props) {
  const wrong = useWrong();
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
    <Group gap="xs" align="flex-start">
      <TextInput
        aria-label="Name of the row"
        placeholder="name"
        size="xs"
        w={130}
        disabled={locked}
        value={row.name}
        onChange={(event) => set({ ...row, name: event.currentTarget.value })}
        {...wrong.field("name")}
      />
      <TypeChoice value={type} disabled={locked} onChange={retype} />
      {type === "number" ? (
        <NumberField
          aria-label={`Value of ${row.name}`}
          size="xs"
          style={VALUE}
          disabled={locked}
          value={Number(row.value)}
          onChange={(value) => set({ ...row, value })}
          {...wrong.field("value")}
        />
      ) : type === "items" ? (
        <TagsInput
          aria-label={`Items of ${row.name}`}
          size="xs"
          style={VALUE}
          disabled={locked}
          placeholder={row.value === "$items" ? "all items of the message" : undefined}
          value={Array.isArray(row.value) ? row.value.map(String) : []}
          onChange={(items) => set({ ...row, value: items.length ? items : "$items" })}
          {...wrong.field("value")}
        />
      ) : (
        <Textarea
          ref={field}
          aria-label={`Value of ${row.name}`}
          size="xs"
          autosize
          minRows={1}
          maxRows={6}
          style={VALUE}
          disabled={locked}
          value={String(row.value ?? "")}
          onChange={(event) => set({ ...row, value: event.currentTarget.value })}
          {...wrong.field("value")}
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

const TYPES = [
  { value: "text", label: "Text" },
  { value: "number", label: "Number" },
  { value: "items", label: "Items" },
];

function TypeChoice({
  value,
  onChange,
  disabled,
}: {
  value: string;
  onChange: (value: string) => void;
  disabled: boolean;
}) {
  return (
    <Select
      aria-label="Type"
      size="xs"
      w={92}
      allowDeselect={false}
      disabled={disabled}
      data={TYPES}
      value={value}
      onChange={(made) => made && onChange(made)}
    />
  );
}
