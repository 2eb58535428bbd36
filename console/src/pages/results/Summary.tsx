import { Anchor, Button, Group, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { IconChartBar, IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { useProject } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { amount, chance, count, percent, signed } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Status } from "@/parts/Status";
import { verdictIn } from "./view";

const summary = (project: string) => ({
  queryKey: ["project", project, "summary"],
  refetchInterval: 60_000,
  queryFn: () => data(api.GET("/v1/projects/{project}/results", { params: { path: { project } } })),
});

/** All campaigns side by side. */
export function Summary() {
  const project = useProject();
  const found = useQuery(summary(project));
  return (
    <Page
      title="Results"
      about="What each campaign brought against its control group, by its primary goal."
      actions={
        <Button
          component="a"
          href={`/v1/projects/${project}/results/csv`}
          download
          variant="default"
          leftSection={<IconDownload size={16} />}
        >
          Export
        </Button>
      }
    >
      <Loaded query={found} lines={6}>
        {({ campaigns }) =>
          campaigns.length === 0 ? (
            <Empty icon={<IconChartBar size={26} />} title="No results yet">
              They begin with the first visitor of a running campaign.
            </Empty>
          ) : (
            <Paper withBorder>
              <Table.ScrollContainer minWidth={760}>
                <Table highlightOnHover verticalSpacing="xs" fz="sm">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Campaign</Table.Th>
                      <Table.Th>Status</Table.Th>
                      <Table.Th className="num">People</Table.Th>
                      <Table.Th className="num">Click-through</Table.Th>
                      <Table.Th>Goal</Table.Th>
                      <Table.Th className="num">Lift</Table.Th>
                      <Table.Th className="num">Chance to win</Table.Th>
                      <Table.Th>Verdict</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {campaigns.map((one) => (
                      <Table.Tr key={one.campaign}>
                        <Table.Td>
                          <Anchor component={Link} to={`/p/${project}/campaigns/${one.key}/results`} fw={600} size="sm">
                            {one.name}
                          </Anchor>
                        </Table.Td>
                        <Table.Td>
                          <Status status={one.status as never} />
                        </Table.Td>
                        <Table.Td className="num">{count(one.people)}</Table.Td>
                        <Table.Td className="num">
                          {one.click_through != null ? percent(one.click_through) : "–"}
                        </Table.Td>
                        <Table.Td>
                          {one.goal_name ?? (
                            <Text span c="dimmed" size="sm">
                              none
                            </Text>
                          )}
                        </Table.Td>
                        <Table.Td className="num">
                          {one.lift?.lift != null ? <b>{signed(one.lift.lift)}</b> : "–"}
                        </Table.Td>
                        <Table.Td className="num">
                          {one.lift?.chance_to_beat != null ? chance(one.lift.chance_to_beat) : "–"}
                        </Table.Td>
                        <Table.Td>
                          {one.lift?.verdict.outcome ? (
                            verdictIn(one.lift.verdict.outcome)
                          ) : (
                            <Text span c="dimmed" size="sm">
                              Not yet decided
                            </Text>
                          )}
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </Paper>
          )
        }
      </Loaded>
      <Overlap />
      <Items />
    </Page>
  );
}

/** Campaigns that meet the same people may disturb each other's results. */
function Overlap() {
  const project = useProject();
  const found = useQuery({
    queryKey: ["project", project, "overlap"],
    queryFn: () => data(api.GET("/v1/projects/{project}/results/overlap", { params: { path: { project } } })),
  });
  const campaigns = useQuery(summary(project)).data?.campaigns ?? [];
  const nameOf = (key: string) => campaigns.find((one) => one.key === key)?.name ?? key;
  const pairs = [...(found.data?.pairs ?? [])]
    .filter((one) => one.people > 0)
    .sort((a, b) => b.people - a.people)
    .slice(0, 20);
  if (pairs.length === 0) return null;
  return (
    <Stack gap="xs">
      <Title order={2}>Who meets several</Title>
      <Text size="sm" c="dimmed">
        People who were exposed to both campaigns of a pair. Where there are many and both change the same page, an
        exclusion set keeps them apart.
      </Text>
      <Paper withBorder>
        <Table.ScrollContainer minWidth={520} tabIndex={0}>
          <Table fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Campaigns</Table.Th>
                <Table.Th className="num">People in both</Table.Th>
                <Table.Th className="num">Of the first</Table.Th>
                <Table.Th className="num">Of the second</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {pairs.map((one) => (
                <Table.Tr key={`${one.one}:${one.other}`}>
                  <Table.Td>
                    {nameOf(one.one)} and {nameOf(one.other)}
                  </Table.Td>
                  <Table.Td className="num">{count(one.people)}</Table.Td>
                  <Table.Td className="num">{percent(one.share_of_one, 1)}</Table.Td>
                  <Table.Td className="num">{percent(one.share_of_other, 1)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
    </Stack>
  );
}

/** Catalogue items: shown, clicked, bought after. */
function Items() {
  const project = useProject();
  const found = useQuery({
    queryKey: ["project", project, "items", "results"],
    queryFn: () =>
      data(api.GET("/v1/projects/{project}/results/items", { params: { path: { project }, query: { limit: 25 } } })),
  });
  const items = (found.data?.items ?? []).filter((one) => one.shown + one.clicked > 0);
  if (items.length === 0) return null;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2}>Items that were promoted</Title>
        <Button component="a" href={`/v1/projects/${project}/results/items/csv`} download variant="subtle" size="xs">
          Export
        </Button>
      </Group>
      <Paper withBorder>
        <Table.ScrollContainer minWidth={520} tabIndex={0}>
          <Table fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Item</Table.Th>
                <Table.Th className="num">Shown</Table.Th>
                <Table.Th className="num">Clicked</Table.Th>
                <Table.Th className="num">Bought after</Table.Th>
                <Table.Th className="num">Revenue</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((one) => (
                <Table.Tr key={one.item}>
                  <Table.Td>
                    <code>{one.item}</code> {one.title}
                  </Table.Td>
                  <Table.Td className="num">{count(one.shown)}</Table.Td>
                  <Table.Td className="num">{count(one.clicked)}</Table.Td>
                  <Table.Td className="num">{count(one.bought)}</Table.Td>
                  <Table.Td className="num">{amount(one.revenue)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
    </Stack>
  );
}
