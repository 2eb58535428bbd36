import { Box, Tooltip } from "@mantine/core";
import { useMemo } from "react";
import type { Schemas } from "@/api/client";
import { signed } from "@/parts/figures";
import type { GoalReport } from "./Results";

type Lift = Schemas["Lift"];
export type Scale = { low: number; high: number };

/** One scale for all bars of a table, around zero; what lies far outside is cut off and says so. */
export function useScale(lifts: Lift[]): Scale {
  return useMemo(() => {
    const ends = lifts.flatMap((one) => (one.interval ? [one.interval.low, one.interval.high] : []));
    const low = Math.max(-1, Math.min(-0.02, ...ends));
    const high = Math.min(3, Math.max(0.02, ...ends));
    const room = (high - low) * 0.04;
    return { low: low - room, high: high + room };
  }, [lifts]);
}

type Props = { goal: GoalReport; lift: Lift; scale: Scale };

/** An interval as a bar with its estimate, and where nothing would be. */
export function IntervalBar({ goal, lift, scale }: Props) {
  if (!lift.interval || lift.lift === null) return null;
  const place = (value: number) =>
    `${(100 * (Math.max(scale.low, Math.min(scale.high, value)) - scale.low)) / (scale.high - scale.low)}%`;
  const width = (from: number, to: number) => `calc(${place(to)} - ${place(from)})`;
  const { low, high } = lift.interval;
  const sure = low > 0 || high < 0;
  const good = lift.lift > 0 === (goal.better !== "lower");
  const color = sure
    ? good
      ? "var(--mantine-color-leaf-6)"
      : "var(--mantine-color-red-6)"
    : "var(--mantine-color-gray-5)";
  const told = `${signed(low)} to ${signed(high)}${lift.too_little_data ? ", too little data" : ""}`;
  return (
    <Tooltip label={told}>
      <Box pos="relative" h={22} role="img" aria-label={told} tabIndex={0} opacity={lift.too_little_data ? 0.55 : 1}>
        <Box pos="absolute" top={0} bottom={0} left={place(0)} w={1} bg="var(--mantine-color-dimmed)" />
        <Box pos="absolute" top={7} h={8} bdrs={4} left={place(low)} w={width(low, high)} bg={color} opacity={0.45} />
        <Box pos="absolute" top={4} h={14} w={3} bdrs={2} left={place(lift.lift)} bg={color} ml={-1} />
      </Box>
    </Tooltip>
  );
}
