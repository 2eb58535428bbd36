import { Anchor, Badge, Box, Group, Paper, Skeleton, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { reason, verdictIn } from "@/pages/results/view";
import { chance, count, signed } from "@/parts/figures";
import { Spark } from "./Spark";

type Glance = Schemas["Glance"];

/** A running campaign at a glance: people of the last days, lift, and whether it is decided. */
export function CampaignCard({ campaign, computing }: { campaign: Glance; computing: boolean }) {
  const project = useProject();
  const { figures, days = [] } = campaign;
  return (
    <Paper withBorder p="md">
      <Stack gap={6} h="100%" justify="space-between">
        <div>
          <Group justify="space-between" wrap="nowrap" gap="xs" align="flex-start">
            <Anchor component={Link} to={`/p/${project}/campaigns/${campaign.key}/results`} fw={600}>
              {campaign.name}
            </Anchor>
            {figures?.mismatch && (
              <Badge color="rust" variant="light" tt="none" style={{ flexShrink: 0 }}>
                Shares are off
              </Badge>
            )}
          </Group>
          {figures ? (
            <Text size="xs" c="dimmed">
              {count(figures.people)} people
              {figures.goal_name && ` · ${figures.goal_name}`}
            </Text>
          ) : (
            computing && <Skeleton h={12} w={120} mt={6} role="status" aria-busy="true" aria-label="Loading" />
          )}
        </div>
        <Box h={44}>
          {days.length > 1 && <Spark values={days} label={`People per day, the last ${days.length} days`} />}
        </Box>
        {figures && (
          <Group justify="space-between" align="baseline">
            <Text fw={700} size="xl">
              {figures.lift?.lift != null ? signed(figures.lift.lift) : "–"}
            </Text>
            <Text size="sm" c="dimmed">
              {standing(figures)}
            </Text>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

/** Where a campaign stands, in a few words. */
function standing(figures: NonNullable<Glance["figures"]>): string {
  if (!figures.goal) return "no goal";
  if (!figures.lift) return "nobody to compare with";
  const { verdict, chance_to_beat, lacks } = figures.lift;
  if (verdict.outcome) return verdictIn(verdict.outcome);
  const [why] = lacks ?? [];
  if (chance_to_beat == null && why) return reason(why);
  return chance_to_beat != null ? `${chance(chance_to_beat)} chance, not yet decided` : "not yet decided";
}
