import { Paper, Stack, Table, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { count, percent } from "@/parts/figures";

/** Rules in their order, and in each the control group at the end. */
function controlLast(arms: Schemas["Arm"][]): Schemas["Arm"][] {
  const rules = [...new Set(arms.map((one) => one.rule))];
  const of = (rule: string) => arms.filter((one) => one.rule === rule);
  return rules.flatMap((rule) => [
    ...of(rule).filter((one) => one.arm !== "control"),
    ...of(rule).filter((one) => one.arm === "control"),
  ]);
}

/** Who was exposed to what, and what they did with it. */
export function ArmTable({ arms }: { arms: Schemas["Arm"][] }) {
  const several = new Set(arms.map((one) => one.rule)).size > 1;
  return (
    <Stack gap="xs">
      <Title order={2}>Shown and clicked</Title>
      <Paper withBorder>
        <Table.ScrollContainer minWidth={640} tabIndex={0}>
          <Table fz="sm" verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                {several && <Table.Th>Rule</Table.Th>}
                <Table.Th>Experience</Table.Th>
                <Table.Th className="num">People</Table.Th>
                <Table.Th className="num">Impressions</Table.Th>
                <Table.Th className="num">Clicks</Table.Th>
                <Table.Th className="num">Click-through</Table.Th>
                <Table.Th className="num">Dismissals</Table.Th>
                <Table.Th className="num">Crossed</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {controlLast(arms).map((one) => (
                <Table.Tr key={`${one.rule}:${one.arm}`}>
                  {several && <Table.Td>{one.rule_name || one.rule}</Table.Td>}
                  <Table.Td>
                    {one.arm === "control" ? (
                      <Text size="sm" c="rust">
                        Control
                      </Text>
                    ) : (
                      one.name
                    )}
                  </Table.Td>
                  <Table.Td className="num">{count(one.people)}</Table.Td>
                  <Table.Td className="num">{count(one.impressions ?? 0)}</Table.Td>
                  <Table.Td className="num">{count(one.clicks ?? 0)}</Table.Td>
                  <Table.Td className="num">{one.click_through != null ? percent(one.click_through) : "–"}</Table.Td>
                  <Table.Td className="num">{count(one.dismissals ?? 0)}</Table.Td>
                  <Table.Td className="num">{count(one.crossed ?? 0)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
    </Stack>
  );
}
