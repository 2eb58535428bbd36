import { Alert, Badge, Group, Paper, Progress, SimpleGrid, Stack, Table, Text, Title, Tooltip } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { amount, chance, count, percent, signed } from "@/parts/figures";
import { IntervalBar, useScale } from "./IntervalBar";
import { Posterior } from "./Posterior";
import type { GoalReport, Report } from "./Results";
import { reason, verdictIn } from "./view";

type Lift = Schemas["Lift"];
type GoalArm = Schemas["GoalArm"];
type Props = { goal: GoalReport; report: Report; arms?: Schemas["Arm"][] };

/** A value of a goal as people read it: a rate, an amount, a number. */
export function shownAs(goal: GoalReport, value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return goal.kind === "proportion" ? percent(value) : amount(value, goal.currency);
}

/** One goal: the campaign's verdict, and every experience against control of its own rule. */
export function GoalResult({ goal, report, arms = report.arms }: Props) {
  const lifts = (goal.arms ?? []).flatMap((one) => (one.lift ? [one.lift] : []));
  const scale = useScale([...lifts, ...(goal.campaign ? [goal.campaign] : [])]);
  const nameOf = (rule: string, arm: string) => arms.find((one) => one.rule === rule && one.arm === arm)?.name ?? arm;
  const rules = [...new Set((goal.arms ?? []).map((one) => one.rule))];
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="sm">
        <Group gap="xs">
          <Title order={2}>{goal.name}</Title>
          <Badge variant="default" tt="none">
            {goal.role}
          </Badge>
          {goal.better === "lower" && (
            <Badge variant="light" tt="none">
              lower is better
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          within {goal.window_days} days
          {goal.cap != null && `, totals cut off at ${amount(goal.cap, goal.currency)}`}
        </Text>
      </Group>
      {goal.problem && (
        <Alert color="rust" variant="light" p="xs" mb="sm">
          {goal.problem}
        </Alert>
      )}
      {goal.campaign && <Verdict goal={goal} lift={goal.campaign} report={report} />}
      <Table.ScrollContainer minWidth={760} tabIndex={0}>
        <Table verticalSpacing="xs" fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Experience</Table.Th>
              <Table.Th className="num">People</Table.Th>
              <Table.Th className="num">Reached</Table.Th>
              <Table.Th className="num">
                {goal.kind === "proportion" ? "Rate" : goal.kind === "ratio" ? "Ratio" : "Per person"}
              </Table.Th>
              <Table.Th className="num">Lift</Table.Th>
              <Table.Th w="26%">95 % interval</Table.Th>
              <Table.Th className="num">Chance to win</Table.Th>
              <Table.Th className="num">Expected loss</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rules.map((rule) => (
              <RuleRows
                key={rule}
                goal={goal}
                name={rules.length > 1 ? (arms.find((one) => one.rule === rule)?.rule_name ?? rule) : ""}
                rows={(goal.arms ?? []).filter((one) => one.rule === rule)}
                nameOf={(arm) => nameOf(rule, arm)}
                scale={scale}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

type RowsProps = {
  goal: GoalReport;
  name: string;
  rows: GoalArm[];
  nameOf: (arm: string) => string;
  scale: ReturnType<typeof useScale>;
};

function RuleRows({ goal, name, rows, nameOf, scale }: RowsProps) {
  return (
    <>
      {name && (
        <Table.Tr>
          <Table.Th colSpan={8} fw={600} bg="var(--mantine-color-default-hover)">
            {name}
          </Table.Th>
        </Table.Tr>
      )}
      {rows.map(({ arm, reached, lift, best }) => (
        <Table.Tr key={arm}>
          <Table.Td>
            {arm === "control" ? (
              <Text size="sm" c="rust">
                Control
              </Text>
            ) : (
              <b>{nameOf(arm)}</b>
            )}
          </Table.Td>
          <Table.Td className="num">{count(reached.people)}</Table.Td>
          <Table.Td className="num">{count(reached.conversions)}</Table.Td>
          <Table.Td className="num">{shownAs(goal, reached.value)}</Table.Td>
          <Table.Td className="num">{lift ? <LiftText goal={goal} lift={lift} /> : ""}</Table.Td>
          <Table.Td>{lift && <IntervalBar goal={goal} lift={lift} scale={scale} />}</Table.Td>
          <Table.Td className="num">
            {lift?.chance_to_beat != null && <Chance value={lift.chance_to_beat} verdict={lift.verdict} />}
            {best && rows.length > 2 && (
              <Text size="xs" c="dimmed">
                best: {percent(best.chance_to_be_best, 0)}
              </Text>
            )}
          </Table.Td>
          <Table.Td className="num">{lift?.expected_loss != null && percent(lift.expected_loss)}</Table.Td>
        </Table.Tr>
      ))}
    </>
  );
}

function LiftText({ goal, lift }: { goal: GoalReport; lift: Lift }) {
  if (lift.lift === null) {
    if (lift.difference !== null) return <>{shownAs(goal, lift.difference)}</>;
    return (
      <Tooltip label={(lift.lacks ?? []).map(reason).join(" ") || "There is too little data."} multiline maw={280}>
        <Text size="sm" c="dimmed" tabIndex={0}>
          –
        </Text>
      </Tooltip>
    );
  }
  const good = lift.lift === 0 ? undefined : lift.lift > 0 === (goal.better !== "lower") ? "leaf" : "red";
  const sure = lift.interval && (lift.interval.low > 0 || lift.interval.high < 0);
  return (
    <Text size="sm" fw={600} c={sure ? good : undefined}>
      {signed(lift.lift)}
    </Text>
  );
}

function Chance({ value, verdict }: { value: number; verdict: Schemas["Verdict"] }) {
  return (
    <Tooltip
      label={
        verdict.outcome
          ? `Decided: ${verdictIn(verdict.outcome)}.`
          : `Not yet decided. ${(verdict.reasons ?? []).map(reason).join(" ")}`
      }
      multiline
      maw={300}
    >
      <Text size="sm" tabIndex={0}>
        {chance(value)}
      </Text>
    </Tooltip>
  );
}

/** What the campaign as a whole brought, and whether that is decided. */
function Verdict({ goal, lift, report }: { goal: GoalReport; lift: Lift; report: Report }) {
  const { verdict } = lift;
  const judged = goal.role === "primary" || goal.role === "guardrail";
  const evidence = verdict.e_value ?? lift.e_value;
  const share =
    evidence != null && evidence > 1 ? Math.min(1, Math.log(evidence) / Math.log(verdict.threshold ?? 20)) : 0;
  const better = verdict.outcome === "better";
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} mb="md" spacing="lg">
      <Stack gap={6}>
        <Text size="sm" c="dimmed">
          All experiences against control, rule by rule
        </Text>
        <Group gap="sm" align="baseline">
          <Text fz={32} fw={700} lh={1.1}>
            {lift.lift !== null ? signed(lift.lift) : lift.difference !== null ? shownAs(goal, lift.difference) : "–"}
          </Text>
          {lift.interval && (
            <Text size="sm" c="dimmed">
              95 %: {signed(lift.interval.low)} to {signed(lift.interval.high)}
            </Text>
          )}
        </Group>
        <Text size="sm">
          {shownAs(goal, lift.value)} with it, {shownAs(goal, lift.baseline_value)} without
        </Text>
        {lift.chance_to_beat != null && (
          <Text size="sm">
            Chance to win <b>{chance(lift.chance_to_beat)}</b>
            {lift.expected_loss != null && <>, expected loss {percent(lift.expected_loss)}</>}
          </Text>
        )}
        {judged && (
          <Alert
            color={verdict.outcome ? (better ? "leaf" : "red") : "gray"}
            variant="light"
            p="xs"
            title={verdict.outcome ? verdictIn(verdict.outcome) : "Not yet decided"}
          >
            {verdict.outcome ? (
              <Text size="sm">
                Evidence {amount(evidence ?? 0)} to 1 against chance; {verdict.threshold ?? 20} to 1 was needed. This
                stays true however often you look.
              </Text>
            ) : (
              <Stack gap={6}>
                <Text size="sm">{(verdict.reasons ?? []).map(reason).join(" ")}</Text>
                {evidence != null && (
                  <div>
                    <Progress value={100 * share} size="sm" aria-label="Evidence gathered" />
                    <Text size="xs" c="dimmed" mt={2}>
                      Evidence {amount(Math.max(evidence, 0))} to 1 against chance; {verdict.threshold ?? 20} to 1 is
                      needed
                    </Text>
                  </div>
                )}
              </Stack>
            )}
          </Alert>
        )}
        {goal.need && (
          <Text size="sm" c="dimmed" component="div">
            {goal.need.people > report.people && (
              <Progress
                value={(100 * report.people) / goal.need.people}
                size="sm"
                mb={4}
                aria-label={`${count(report.people)} of ${count(goal.need.people)} people`}
              />
            )}
            To find a lift of {percent(goal.need.lift, 0)} it takes about {count(goal.need.people)} people
            {goal.need.people > report.people && `, ${percent(report.people / goal.need.people, 0)} are there`}
            {goal.need.days_left != null &&
              (goal.need.days_left <= 0
                ? "; they are there"
                : `, ${count(Math.ceil(goal.need.days_left))} days at the present traffic`)}
            .
          </Text>
        )}
      </Stack>
      <Posterior goal={goal} lift={lift} />
    </SimpleGrid>
  );
}
