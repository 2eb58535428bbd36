import "@mantine/charts/styles.css";
import { LineChart } from "@mantine/charts";
import { Group, Paper, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { amount, count, percent } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import type { GoalReport } from "./Results";
import { MEASURES, type Measure, query, type View } from "./view";

type Series = Schemas["Series"];
const COLORS = ["leaf.6", "blue.6", "grape.6", "teal.5", "indigo.5", "cyan.6", "lime.7", "violet.5"];

type Props = {
  campaign: Schemas["Versioned_Campaign_"];
  view: View;
  set: (view: View) => void;
  goal?: GoalReport;
};

/** How it went, day by day or added up. */
export default function OverTime({ campaign, view, set, goal }: Props) {
  const project = useProject();
  const step = view.step ?? "day";
  const added = !view.each;
  const counted = !goal || goal.kind === "proportion";
  const measure = counted && view.measure === "value" ? "rate" : (view.measure ?? (counted ? "rate" : "value"));
  const names = (Object.keys(MEASURES) as Measure[]).filter((one) => one !== "value" || !counted);
  const {
    by: _by,
    baseline: _b,
    mature: _m,
    capped: _c,
    cuped: _u,
    engine: _e,
    ...rest
  } = query(view) as Record<string, unknown>;
  const asked = { ...rest, step, ...(goal ? { goal: [goal.key] } : {}) };
  const found = useQuery({
    queryKey: ["project", project, "series", campaign.id, asked],
    refetchInterval: 60_000,
    queryFn: () =>
      data(
        api.GET("/v1/projects/{project}/campaigns/{ref}/results/series", {
          params: { path: { project, ref: campaign.key }, query: asked as never },
        }),
      ),
  });
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2}>Over time</Title>
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Measure"
            value={measure}
            onChange={(value) => set({ ...view, measure: value as Measure })}
            data={names.map((value) => ({ value, label: MEASURES[value] }))}
          />
          <SegmentedControl
            size="xs"
            aria-label="Added up or each"
            value={added ? "added" : "each"}
            onChange={(value) => set({ ...view, each: value === "each" || undefined })}
            data={[
              { value: "added", label: "Added up" },
              { value: "each", label: `Each ${step}` },
            ]}
          />
          <SegmentedControl
            size="xs"
            aria-label="Step"
            value={step}
            onChange={(value) => set({ ...view, step: value === "hour" ? "hour" : undefined })}
            data={[
              { value: "day", label: "Days" },
              { value: "hour", label: "Hours" },
            ]}
          />
        </Group>
      </Group>
      <Paper withBorder p="md">
        <Loaded query={found} lines={6}>
          {(series) => <Chart series={series} added={added} measure={measure} currency={goal?.currency} />}
        </Loaded>
      </Paper>
    </Stack>
  );
}

type ChartProps = { series: Series; added: boolean; measure: Measure; currency?: string | null };

function Chart({ series, added, measure, currency }: ChartProps) {
  const several = new Set((series.lines ?? []).map((one) => one.rule)).size > 1;
  const { rows, lines } = useMemo(() => {
    const drawn = (series.lines ?? []).map((line, index) => ({
      line,
      points: new Map(line.points.map((point) => [point.at, point])),
      name: several ? `${line.rule_name || line.rule}: ${named(line)}` : named(line),
      color: line.arm === "control" ? "rust.5" : COLORS[index % COLORS.length]!,
    }));
    const at = [...new Set(drawn.flatMap(({ line }) => line.points.map((point) => point.at)))].sort((a, b) => a - b);
    const years = new Set([at[0] ?? 0, at.at(-1) ?? 0].map((one) => new Date(one).getUTCFullYear()));
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone: series.time_zone,
      day: "numeric",
      month: "short",
      ...(years.size > 1 ? { year: "numeric" } : {}),
      ...(series.step === "hour" ? { hour: "2-digit", minute: "2-digit" } : {}),
    });
    const rows = at.map((moment) => {
      const row: Record<string, number | string | null> = { when: format.format(moment) };
      for (const { points, name } of drawn) {
        const point = points.get(moment);
        row[name] = point ? figure(added ? point.cumulative : point.period, measure) : null;
      }
      return row;
    });
    return { rows, lines: drawn.map(({ name, color }) => ({ name, color })) };
  }, [series, added, measure, several]);
  if (rows.length === 0) return <Text c="dimmed">There is nothing to draw yet.</Text>;
  return (
    <LineChart
      h={280}
      data={rows}
      dataKey="when"
      series={lines}
      withLegend
      connectNulls
      curveType="linear"
      withDots={rows.length < 40}
      valueFormatter={(value) =>
        measure === "rate" ? percent(value) : measure === "value" ? amount(value, currency) : count(value)
      }
      lineChartProps={
        { role: "img", "aria-label": `${measure} ${added ? "added up" : `each ${series.step}`}` } as never
      }
    />
  );
}

const named = (line: NonNullable<Series["lines"]>[number]): string => (line.arm === "control" ? "Control" : line.name);

function figure(counts: Schemas["Counts"] | Record<string, unknown>, measure: Measure): number | null {
  const told = counts as Record<string, number>;
  if (measure === "value") return told.people ? (told.value ?? 0) / (told.per || told.people) : null;
  if (measure !== "rate") return told[measure] ?? 0;
  return told.people ? (told.conversions ?? 0) / told.people : null;
}
