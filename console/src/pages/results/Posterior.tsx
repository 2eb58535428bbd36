import { Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { chance, signed } from "@/parts/figures";
import type { GoalReport } from "./Results";

type Props = { goal: GoalReport; lift: Schemas["Lift"] };

const WIDTH = 460;
const HEIGHT = 130;
const POINTS = 90;

/**
 * What is believed of the true lift. Drawn as a normal density of the logarithm of the ratio that has the same 95 %
 * interval as the exact posterior; the figures beside it are the exact ones.
 */
export function Posterior({ goal, lift }: Props) {
  if (!lift.interval || lift.lift === null || Math.min(lift.interval.low, lift.lift) <= -1) return null;
  const from = Math.log1p(lift.interval.low);
  const to = Math.log1p(lift.interval.high);
  const middle = (from + to) / 2;
  const width = (to - from) / (2 * 1.959964);
  if (!(width > 0)) return null;
  const least = Math.min(middle - 3.6 * width, -0.2 * width);
  const most = Math.max(middle + 3.6 * width, 0.2 * width);
  const x = (log: number) => (WIDTH * (log - least)) / (most - least);
  const logs = Array.from({ length: POINTS + 1 }, (_, index) => least + ((most - least) * index) / POINTS);
  const points = [...logs, 0]
    .sort((a, b) => a - b)
    .map((log) => [log, Math.exp(-0.5 * ((log - middle) / width) ** 2)] as const);
  const y = (density: number) => HEIGHT - 22 - density * (HEIGHT - 34);
  const area = (keep: (log: number) => boolean) => {
    const kept = points.filter(([log]) => keep(log));
    if (kept.length < 2) return "";
    const line = kept.map(([log, density]) => `${x(log).toFixed(1)},${y(density).toFixed(1)}`).join(" L");
    return `M${x(kept[0]![0]).toFixed(1)},${y(0)} L${line} L${x(kept.at(-1)![0]).toFixed(1)},${y(0)} Z`;
  };
  const better = goal.better !== "lower";
  const good = "var(--mantine-color-leaf-5)";
  const bad = "var(--mantine-color-rust-4)";
  const told = `Chance to win ${lift.chance_to_beat != null ? chance(lift.chance_to_beat) : "unknown"}; the lift is between ${signed(lift.interval.low)} and ${signed(lift.interval.high)} with 95 %.`;
  return (
    <figure style={{ margin: 0 }}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" role="img" aria-label={told}>
        <path d={area((log) => log <= 0)} fill={better ? bad : good} opacity={0.6} />
        <path d={area((log) => log >= 0)} fill={better ? good : bad} opacity={0.6} />
        <line x1={x(0)} x2={x(0)} y1={4} y2={y(0)} stroke="currentColor" strokeDasharray="3 3" opacity={0.5} />
        <line x1={0} x2={WIDTH} y1={y(0)} y2={y(0)} stroke="currentColor" opacity={0.3} />
        {[lift.interval.low, lift.lift, lift.interval.high].map((value) => (
          <text
            key={value}
            x={x(Math.log1p(value))}
            y={HEIGHT - 6}
            fontSize={11}
            textAnchor="middle"
            fill="currentColor"
          >
            {signed(value)}
          </text>
        ))}
      </svg>
      <Text component="figcaption" size="xs" c="dimmed">
        What is believed of the true lift; the dashed line is no difference.
      </Text>
    </figure>
  );
}
