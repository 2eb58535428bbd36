import { Anchor, Badge, Button, Modal, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFlag, IconPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { Listed } from "@/parts/Listed";
import { Page } from "@/parts/Page";
import { GoalForm } from "./GoalForm";

type GoalBody = Schemas["Goal"];

/** How a goal is measured, in a sentence. */
export function measured(goal: GoalBody): string {
  const of = goal.property ? ` of ${goal.property}` : "";
  const says: Record<string, string> = {
    occurrence: `people who did “${goal.event}” at least once`,
    count: `how often a person did “${goal.event}”`,
    sum: `sum${of} per person over “${goal.event}”`,
    average: `average${of} per person over “${goal.event}”`,
    min: `lowest value${of} per person over “${goal.event}”`,
    max: `highest value${of} per person over “${goal.event}”`,
    first: `first value${of} of “${goal.event}”`,
    last: `last value${of} of “${goal.event}”`,
    ratio: `sum${of} over “${goal.event}” per ${goal.per?.property ?? goal.per?.event ?? "denominator"}`,
  };
  return says[goal.aggregate ?? "occurrence"] ?? goal.event;
}

const days = (many: number) => `${many} ${many === 1 ? "day" : "days"}`;

/** What campaigns are judged by. */
export function Goals() {
  const project = useProject();
  const may = useRole();
  const [making, { open, close }] = useDisclosure();
  const add = may("editor") && (
    <Button leftSection={<IconPlus size={16} />} onClick={open}>
      New goal
    </Button>
  );
  return (
    <Page
      title="Goals"
      about="A goal is an event that counts as success, and how it is added up per person. Global ones are measured for every campaign."
      actions={add}
    >
      <Listed
        what="goals"
        ask={(query) => data(api.GET("/v1/projects/{project}/goals", { params: { path: { project }, query } }))}
        empty={
          <Empty icon={<IconFlag size={26} />} title="No goal yet" action={add}>
            Start with the one that pays: an order, a booking, a sign-up. Campaigns name one primary goal, and its lift
            over the control group is what their verdict is about.
          </Empty>
        }
        head={["Goal", "Measured", "Better", { label: "Window", num: true }]}
        row={({ key, body }) => (
          <>
            <Table.Td>
              <Anchor component={Link} to={`/p/${project}/goals/${key}`} fw={600} size="sm">
                {body.name}
              </Anchor>{" "}
              {body.global && (
                <Badge size="xs" variant="light" tt="none">
                  global
                </Badge>
              )}
              <Text size="xs" c="dimmed" ff="monospace">
                {key}
              </Text>
            </Table.Td>
            <Table.Td>
              <Text size="sm">{measured(body)}</Text>
            </Table.Td>
            <Table.Td>{body.better ?? "higher"}</Table.Td>
            <Table.Td className="num">{days(body.window_days ?? 7)}</Table.Td>
          </>
        )}
      />
      <Modal opened={making} onClose={close} title="New goal" size="lg">
        <GoalForm done={close} />
      </Modal>
    </Page>
  );
}
