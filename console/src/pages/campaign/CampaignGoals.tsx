import { ActionIcon, Alert, Button, Group, Modal, Paper, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFlag, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { goals } from "@/api/queries";
import { useProject } from "@/app/project";
import { GoalForm } from "@/pages/goals/GoalForm";
import { measured } from "@/pages/goals/Goals";
import { Empty } from "@/parts/Empty";
import { Loaded } from "@/parts/Loaded";
import { useWrong } from "@/parts/wrong";
import { type Body, drop, put } from "./draft";

type Use = Schemas["GoalUse"];
type Role = NonNullable<Use["role"]>;
type Props = { body: Body; set: (body: Body) => void; locked: boolean; started: boolean };

const ROLES: { value: Role; label: string }[] = [
  { value: "primary", label: "Primary" },
  { value: "secondary", label: "Secondary" },
  { value: "guardrail", label: "Guardrail" },
];

/** What this campaign is judged by. */
export function CampaignGoals({ body, set, locked, started }: Props) {
  const project = useProject();
  const found = useQuery(goals(project));
  const [making, { open, close }] = useDisclosure();
  const { field, own, place } = useWrong();
  const used = body.goals ?? [];
  const write = (made: Use[]) => set({ ...body, goals: made });
  const add = (key: string) =>
    write([...used, { goal: key, role: used.some((one) => one.role === "primary") ? "secondary" : "primary" }]);
  /** There is one primary goal: choosing another one makes the old one secondary. */
  function role(at: number, made: Role) {
    const rest =
      made === "primary"
        ? used.map((one) => (one.role === "primary" ? { ...one, role: "secondary" as const } : one))
        : used;
    write(put(rest, at, { ...rest[at]!, role: made }));
  }
  return (
    <Loaded query={found}>
      {({ items }) => {
        const of = (ref: string) => items.find((one) => one.key === ref || one.id === ref);
        const free = items.filter((one) => !used.some((use) => of(use.goal)?.id === one.id));
        const global = items.filter((one) => one.body.global && !used.some((use) => of(use.goal)?.id === one.id));
        return (
          <Stack maw={820} {...place("goals")}>
            {(own("goals") ?? field("analysis").error) && (
              <Text size="sm" c="red" role="alert">
                {own("goals") ?? field("analysis").error}
              </Text>
            )}
            {started && (
              <Alert color="gray" variant="light" p="xs">
                The verdict belongs to the goal that was primary when the campaign started. Another one begins it anew,
                and results say so.
              </Alert>
            )}
            {used.length === 0 && (
              <Empty
                icon={<IconFlag size={24} />}
                title="No goal yet"
                action={!locked && <Button onClick={open}>Create a goal</Button>}
              >
                Choose what this campaign is to bring. Its lift over the control group is what results are about.
              </Empty>
            )}
            {used.map((use, at) => {
              const goal = of(use.goal);
              return (
                <Paper key={use.goal} withBorder p="sm" data-field={field(`goals[${at}]`)["data-field"]}>
                  <Group justify="space-between" gap="sm">
                    <div>
                      <Text fw={600} size="sm">
                        {goal?.body.name ?? use.goal}
                      </Text>
                      <Text size="xs" c="dimmed">
                        {goal
                          ? `${measured(goal.body)}, within ${goal.body.window_days ?? 7} days`
                          : "There is no such goal any more."}
                      </Text>
                    </div>
                    <Group gap="xs">
                      <SegmentedControl
                        size="xs"
                        aria-label={`Part of ${goal?.body.name ?? use.goal}`}
                        disabled={locked}
                        value={use.role ?? "secondary"}
                        onChange={(made) => role(at, made as Role)}
                        data={ROLES}
                      />
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        disabled={locked}
                        aria-label={`Do not measure ${goal?.body.name ?? use.goal}`}
                        onClick={() => write(drop(used, at))}
                      >
                        <IconTrash size={16} />
                      </ActionIcon>
                    </Group>
                  </Group>
                  {field(`goals[${at}]`).error && (
                    <Text size="xs" c="red" role="alert">
                      {field(`goals[${at}]`).error}
                    </Text>
                  )}
                </Paper>
              );
            })}
            {!locked && (
              <Group align="flex-end">
                <Select
                  label="Add a goal"
                  placeholder="one that exists"
                  searchable
                  w={280}
                  value={null}
                  data={free.map((one) => ({ value: one.key, label: one.body.name }))}
                  onChange={(key) => key && add(key)}
                />
                <Button variant="default" onClick={open}>
                  Create one…
                </Button>
              </Group>
            )}
            {global.length > 0 && (
              <Text size="sm" c="dimmed">
                Measured as well, as for every campaign: {global.map((one) => one.body.name).join(", ")}.
              </Text>
            )}
            <Modal opened={making} onClose={close} title="New goal" size="lg">
              <GoalForm
                done={(goal) => {
                  add(goal.key);
                  close();
                }}
              />
            </Modal>
          </Stack>
        );
      }}
    </Loaded>
  );
}
