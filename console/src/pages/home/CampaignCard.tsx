import { Anchor, Box, Group, Paper, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { useProject } from "@/app/project";
import { chance, count, signed } from "@/parts/figures";
import type { CampaignView } from "../campaigns/Campaigns";
import { Spark } from "./Spark";

/** A running campaign at a glance: traffic of the last days, lift, and whether it is decided. */
export function CampaignCard({ campaign }: { campaign: CampaignView }) {
  const project = useProject();
  const place = `/p/${project}/campaigns/${campaign.key}/results`;
  const summary = useQuery({
    queryKey: ["project", project, "summary"],
    refetchInterval: 60_000,
    queryFn: () => data(api.GET("/v1/projects/{project}/results", { params: { path: { project } } })),
  });
  const series = useQuery({
    queryKey: ["project", project, "series", campaign.id, "home"],
    refetchInterval: 60_000,
    queryFn: () =>
      data(
        api.GET("/v1/projects/{project}/campaigns/{ref}/results/series", {
          params: { path: { project, ref: campaign.key } },
        }),
      ),
  });
  const line = summary.data?.campaigns.find((one) => one.campaign === campaign.id);
  const perDay = new Map<number, number>();
  for (const one of series.data?.lines ?? [])
    for (const point of one.points) perDay.set(point.at, (perDay.get(point.at) ?? 0) + (point.period.people ?? 0));
  const days = [...perDay.entries()].sort(([a], [b]) => a - b).map(([, people]) => people);
  return (
    <Paper withBorder p="md">
      <Stack gap={6} h="100%" justify="space-between">
        <div>
          <Anchor component={Link} to={place} fw={600}>
            {campaign.body.name}
          </Anchor>
          {summary.isPending ? (
            <Skeleton h={12} w={120} mt={6} />
          ) : (
            <Text size="xs" c="dimmed">
              {count(line?.people ?? 0)} people
              {line?.goal_name && ` · ${line.goal_name}`}
            </Text>
          )}
        </div>
        <Box h={44}>
          {series.isPending && <Skeleton h={44} role="status" aria-busy="true" aria-label="Loading" />}
          {days.length > 1 && (
            <Spark values={days.slice(-30)} label={`People per day: ${days.slice(-30).join(", ")}`} />
          )}
        </Box>
        <Group justify="space-between" align="baseline" display={summary.isPending ? "none" : undefined}>
          <Text fw={700} size="xl">
            {line?.lift?.lift != null ? signed(line.lift.lift) : "–"}
          </Text>
          <Text size="sm" c="dimmed">
            {line?.lift?.verdict.outcome
              ? line.lift.verdict.outcome === "better"
                ? "It helps"
                : "It harms"
              : line?.lift?.chance_to_beat != null
                ? `${chance(line.lift.chance_to_beat)} chance, not yet decided`
                : line && !line.goal
                  ? "no goal"
                  : "not yet decided"}
          </Text>
        </Group>
      </Stack>
    </Paper>
  );
}
