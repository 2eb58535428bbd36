import { Skeleton, Text, Tooltip } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { reason, verdictIn } from "@/pages/results/view";
import { chance, signed } from "@/parts/figures";

type Props = { line?: Schemas["CampaignLine"]; pending: boolean; failed: boolean; draft: boolean };

/** What a campaign brought by its primary goal, and whether that is decided; else why there is no figure. */
export function Brought({ line, pending, failed, draft }: Props) {
  if (draft) return <Dim>Not started</Dim>;
  if (pending) return <Skeleton h={14} w={110} role="status" aria-busy="true" aria-label="Loading" />;
  if (!line) return <Dim>{failed ? "Not to be had now" : "–"}</Dim>;
  if (!line.goal) return <Dim>No primary goal</Dim>;
  if (line.people === 0) return <Dim>Nobody yet</Dim>;
  const { lift } = line;
  if (!lift) return <Dim>No control group</Dim>;
  const why = [...(lift.lacks ?? []), ...(lift.verdict.reasons ?? [])].map(reason);
  if (lift.lift == null) return <Dim>{why[0] ?? "Too little data"}</Dim>;
  const { outcome } = lift.verdict;
  return (
    <Tooltip
      multiline
      maw={340}
      label={outcome ? `${line.goal_name}: decided` : [`${line.goal_name}: not yet decided.`, ...why].join(" ")}
    >
      <div>
        <Text size="sm" fw={600} c={outcome ? (outcome === "better" ? "leaf" : "red") : undefined}>
          {signed(lift.lift)}
        </Text>
        <Text size="xs" c="dimmed">
          {outcome
            ? verdictIn(outcome)
            : lift.chance_to_beat != null
              ? `${chance(lift.chance_to_beat)} chance, not yet decided`
              : "not yet decided"}
        </Text>
      </div>
    </Tooltip>
  );
}

function Dim({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}
