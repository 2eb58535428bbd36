import {
  type Announcements,
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { SortableContext, sortableKeyboardCoordinates, verticalListSortingStrategy } from "@dnd-kit/sortable";
import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { Empty } from "@/parts/Empty";
import { NumberField } from "@/parts/NumberField";
import { At, useLed, useWrong } from "@/parts/wrong";
import { type Body, copyOfRule, drop, move, put, type Rule } from "./draft";
import { indexOf } from "./places";
import { RuleCard } from "./RuleCard";
import type { Setup } from "./useCheck";
import { useKeys } from "./useKeys";

type Props = { body: Body; set: (body: Body) => void; setup: (Setup[number] | undefined)[]; locked: boolean };

const titleOf = (rule: Rule | undefined, index: number): string => rule?.name || `Rule ${index + 1}`;

/** The rules of a campaign in the order in which they are tried. */
export function Rules({ body, set, setup, locked }: Props) {
  const rules = body.rules ?? [];
  const { key, follow } = useKeys<Rule>();
  const keys = rules.map(key);
  const [opened, setOpened] = useState<string | null>(keys.length === 1 ? keys[0]! : null);
  useLed((rest) => {
    const index = rest.startsWith("rules") ? indexOf(rest.slice("rules".length)) : undefined;
    if (index !== undefined && keys[index]) setOpened(keys[index]);
  });
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 5 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const write = (made: Rule[]) => set({ ...body, rules: made });
  function shift(from: number, to: number) {
    if (to >= 0 && to < rules.length && from !== to) write(move(rules, from, to));
  }
  function dropped({ active, over }: DragEndEvent) {
    if (over) shift(keys.indexOf(String(active.id)), keys.indexOf(String(over.id)));
  }
  function append(rule: Rule, at: number) {
    write([...rules.slice(0, at), rule, ...rules.slice(at)]);
    setOpened(key(rule));
  }
  const add = () => append({ name: "", audience: null, experiences: [{ name: "Variant", weight: 1 }] }, rules.length);
  const place = (id: string | number | undefined) => keys.indexOf(String(id));
  const named = (id: string | number) => titleOf(rules[place(id)], place(id));
  const said: Announcements = {
    onDragStart: ({ active }) => `${named(active.id)} is picked up from place ${place(active.id) + 1}.`,
    onDragOver: ({ active, over }) =>
      over ? `${named(active.id)} is over place ${place(over.id) + 1} of ${keys.length}.` : undefined,
    onDragEnd: ({ active, over }) => (over ? `${named(active.id)} is now at place ${place(over.id) + 1}.` : undefined),
    onDragCancel: ({ active }) => `${named(active.id)} stays where it was.`,
  };
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
      <DndContext
        sensors={sensors}
        collisionDetection={closestCenter}
        onDragEnd={dropped}
        accessibility={{ announcements: said }}
      >
        <SortableContext items={keys} strategy={verticalListSortingStrategy}>
          {rules.map((rule, index) => (
            <At key={keys[index]} path={`rules[${index}]`}>
              <RuleCard
                sortId={keys[index]!}
                title={titleOf(rule, index)}
                rule={rule}
                index={index}
                count={rules.length}
                control={body.control ?? 5}
                setup={setup[index]}
                covered={Boolean(body.audience)}
                opened={opened === keys[index]}
                toggle={() => setOpened(opened === keys[index] ? null : keys[index]!)}
                locked={locked}
                shift={(to) => shift(index, to)}
                change={(made) => write(put(rules, index, follow(rule, made)))}
                copy={() => append(copyOfRule(rule), index + 1)}
                remove={() => write(drop(rules, index))}
              />
            </At>
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
  const { field } = useWrong();
  return (
    <Paper withBorder p="sm">
      <Group gap="md">
        <NumberField
          label="Control group"
          description="Percent of each rule’s visitors who see nothing of it"
          w={230}
          min={0}
          max={100}
          decimalScale={2}
          suffix=" %"
          disabled={locked}
          value={control}
          onChange={(value) => set({ ...body, control: value })}
          {...field("control")}
        />
        <Stack gap={4} maw={440}>
          <Text size="sm" c="dimmed">
            {control === 0
              ? "Without a control group nobody can tell whether this campaign helped."
              : control === 100
                ? "Everybody is held back: nobody sees anything of this campaign."
                : "They qualify by the same rules and are compared with everybody else. 5 % is a good start; 50 % tells soonest."}
          </Text>
          {control === 0 && body.kind !== "experiment" && !locked && (
            <Button
              size="compact-xs"
              variant="light"
              style={{ alignSelf: "flex-start" }}
              onClick={() => set({ ...body, control: 5 })}
            >
              Hold back 5 %
            </Button>
          )}
        </Stack>
      </Group>
    </Paper>
  );
}
