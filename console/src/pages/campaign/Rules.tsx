import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from "@dnd-kit/sortable";
import {
  ActionIcon,
  Badge,
  Box,
  Button,
  Group,
  Menu,
  NumberInput,
  Paper,
  Stack,
  Text,
  TextInput,
  Tooltip,
  UnstyledButton,
} from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconChevronRight,
  IconCopy,
  IconDots,
  IconGripVertical,
  IconPlus,
  IconTrash,
} from "@tabler/icons-react";
import { useRef, useState } from "react";
import type { Schemas } from "@/api/client";
import type { Json } from "@/conditions/model";
import { inWords } from "@/conditions/words";
import { Empty } from "@/parts/Empty";
import { type Body, copyOfRule, drop, move, put, type Rule } from "./draft";
import { RuleEditor } from "./RuleEditor";
import { SplitBar } from "./SplitBar";

type Props = { body: Body; set: (body: Body) => void; setup: Schemas["Missing"][]; locked: boolean };

/** Numbers for rules that have no id yet, so that each keeps its place on the screen while they are moved. */
function useKeys(rules: Rule[]): string[] {
  const known = useRef(new WeakMap<Rule, string>());
  const next = useRef(0);
  return rules.map((rule) => {
    if (rule.id) return rule.id;
    let key = known.current.get(rule);
    if (!key) {
      key = `new-${next.current++}`;
      known.current.set(rule, key);
    }
    return key;
  });
}

/** The rules of a campaign in the order in which they are tried. */
export function Rules({ body, set, setup, locked }: Props) {
  const rules = body.rules ?? [];
  const keys = useKeys(rules);
  const [opened, setOpened] = useState<number | null>(rules.length === 1 ? 0 : null);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 5 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const write = (made: Rule[]) => set({ ...body, rules: made });
  function shift(from: number, to: number) {
    if (to < 0 || to >= rules.length || from === to) return;
    write(move(rules, from, to));
    if (opened !== null) setOpened(opened === from ? to : null);
  }
  function dropped({ active, over }: DragEndEvent) {
    if (over) shift(keys.indexOf(String(active.id)), keys.indexOf(String(over.id)));
  }
  function add() {
    write([...rules, { name: "", audience: null, experiences: [{ name: "Variant", weight: 1 }] }]);
    setOpened(rules.length);
  }
  return (
    <Stack gap="md">
      <Control body={body} set={set} locked={locked} />
      {rules.length === 0 && (
        <Empty
          icon={<IconPlus size={24} />}
          title="No rule yet"
          action={!locked && <Button onClick={add}>Add the first rule</Button>}
        >
          A rule says for whom, and which experiences share those visitors. Visitors get the first rule that matches.
        </Empty>
      )}
      <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={dropped}>
        <SortableContext items={keys} strategy={verticalListSortingStrategy}>
          {rules.map((rule, index) => (
            <RuleCard
              key={keys[index]}
              sortId={keys[index]!}
              rule={rule}
              index={index}
              count={rules.length}
              body={body}
              missing={setup.find((one) => one.rule === rule.id || one.rule === rule.name)}
              opened={opened === index}
              toggle={() => setOpened(opened === index ? null : index)}
              locked={locked}
              shift={(to) => shift(index, to)}
              change={(made) => write(put(rules, index, made))}
              copy={() => write([...rules.slice(0, index + 1), copyOfRule(rule), ...rules.slice(index + 1)])}
              remove={() => {
                write(drop(rules, index));
                setOpened(null);
              }}
            />
          ))}
        </SortableContext>
      </DndContext>
      {rules.length > 0 && !locked && (
        <Button variant="light" leftSection={<IconPlus size={16} />} onClick={add} style={{ alignSelf: "flex-start" }}>
          Add rule
        </Button>
      )}
    </Stack>
  );
}

function Control({ body, set, locked }: { body: Body; set: (body: Body) => void; locked: boolean }) {
  const control = body.control ?? 5;
  return (
    <Paper withBorder p="sm">
      <Group gap="md">
        <NumberInput
          label="Control group"
          description="Percent of each rule’s visitors who see nothing of it"
          w={230}
          min={0}
          max={100}
          decimalScale={2}
          suffix=" %"
          disabled={locked}
          value={control}
          onChange={(value) => typeof value === "number" && set({ ...body, control: value })}
        />
        <Text size="sm" c="dimmed" maw={420}>
          {control === 0
            ? "Without a control group nobody can tell whether this campaign helped."
            : "They qualify by the same rules and are compared with everybody else. 5 % is a good start; 50 % tells soonest."}
        </Text>
      </Group>
    </Paper>
  );
}

type CardProps = {
  sortId: string;
  rule: Rule;
  index: number;
  count: number;
  body: Body;
  missing?: Schemas["Missing"];
  opened: boolean;
  locked: boolean;
  toggle: () => void;
  shift: (to: number) => void;
  change: (rule: Rule) => void;
  copy: () => void;
  remove: () => void;
};

function RuleCard({
  sortId,
  rule,
  index,
  count,
  body,
  missing,
  opened,
  locked,
  toggle,
  shift,
  change,
  copy,
  remove,
}: CardProps) {
  const { attributes, listeners, setNodeRef, transform, transition, isDragging } = useSortable({
    id: sortId,
    disabled: locked,
  });
  const title = rule.name || `Rule ${index + 1}`;
  const lacking = missing && !missing.ready ? (missing.missing ?? []) : [];
  return (
    <Paper
      ref={setNodeRef}
      withBorder
      component="section"
      aria-label={title}
      style={{
        transform: transform ? `translate3d(0, ${transform.y}px, 0)` : undefined,
        transition,
        zIndex: isDragging ? 5 : undefined,
        position: "relative",
        boxShadow: isDragging ? "var(--mantine-shadow-md)" : undefined,
      }}
    >
      <Group p="sm" gap="sm" wrap="nowrap">
        <ActionIcon
          visibleFrom="xs"
          variant="subtle"
          color="gray"
          aria-label={`Drag ${title} to another place`}
          style={{ cursor: "grab", touchAction: "none" }}
          disabled={locked}
          {...attributes}
          {...listeners}
        >
          <IconGripVertical size={18} />
        </ActionIcon>
        <UnstyledButton onClick={toggle} aria-expanded={opened} style={{ flex: 1, minWidth: 0 }}>
          <Group gap="sm" wrap="nowrap">
            <IconChevronRight
              size={16}
              style={{ transform: opened ? "rotate(90deg)" : undefined, flexShrink: 0 }}
              aria-hidden
            />
            <div style={{ minWidth: 0 }}>
              <Text fw={600} size="sm">
                {title}
              </Text>
              <Text size="xs" c="dimmed" lineClamp={1}>
                {inWords(rule.audience as Json)}
              </Text>
            </div>
          </Group>
        </UnstyledButton>
        <Box w={180} visibleFrom="sm">
          <SplitBar experiences={rule.experiences ?? []} control={body.control ?? 5} thin />
        </Box>
        {missing && (
          <Tooltip
            label={
              lacking.length
                ? lacking.map((one) => one.detail || `${one.field}: ${one.expected}`).join("; ")
                : "Everything that it needs is there"
            }
            multiline
            maw={340}
          >
            <Badge color={lacking.length ? "rust" : "leaf"} variant="light" tt="none" tabIndex={0}>
              {lacking.length ? "Needs setup" : "Ready"}
            </Badge>
          </Tooltip>
        )}
        {!locked && (
          <Group gap={2} wrap="nowrap">
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Move ${title} up`}
              disabled={index === 0}
              onClick={() => shift(index - 1)}
            >
              <IconArrowUp size={16} />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Move ${title} down`}
              disabled={index === count - 1}
              onClick={() => shift(index + 1)}
            >
              <IconArrowDown size={16} />
            </ActionIcon>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon variant="subtle" color="gray" aria-label={`What can be done with ${title}`}>
                  <IconDots size={16} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconCopy size={14} />} onClick={copy}>
                  Clone
                </Menu.Item>
                <Menu.Item leftSection={<IconTrash size={14} />} color="red" onClick={remove}>
                  Delete
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        )}
      </Group>
      {opened && (
        <Box px="sm" pb="md">
          <TextInput
            label="Name"
            placeholder={`Rule ${index + 1}`}
            maw={340}
            mb="sm"
            disabled={locked}
            value={rule.name ?? ""}
            onChange={(event) => change({ ...rule, name: event.currentTarget.value })}
          />
          <RuleEditor rule={rule} control={body.control ?? 5} change={change} locked={locked} />
        </Box>
      )}
    </Paper>
  );
}
