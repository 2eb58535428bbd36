import "@mantine/charts/styles.css";
import { LineChart } from "@mantine/charts";
import { Group, Paper, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { percent } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import type { GoalReport } from "./Results";
import { query, type View } from "./view";

type Series = Schemas["Series"];
type Measure = "rate" | "people" | "conversions" | "clicks";
const COLORS = ["leaf.6", "blue.6", "grape.6", "teal.5", "indigo.5", "cyan.6", "lime.7", "violet.5"];

const MEASURES: { value: Measure; label: string }[] = [
  { value: "rate", label: "Rate" },
  { value: "people", label: "People" },
  { value: "conversions", label: "Reached" },
  { value: "clicks", label: "Clicks" },
];

type Props = { campaign: Schemas["Versioned_Campaign_"]; view: View; goal?: GoalReport };

/** How it went, day by day or added up. */
export default function OverTime({ campaign, view, goal }: Props) {
  const project = useProject();
  const [step, setStep] = useState<"day" | "hour">("day");
  const [added, setAdded] = useState(true);
  const [measure, setMeasure] = useState<Measure>("rate");
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
            onChange={(value) => setMeasure(value as Measure)}
            data={MEASURES}
          />
          <SegmentedControl
            size="xs"
            aria-label="Added up or each"
            value={added ? "added" : "each"}
            onChange={(value) => setAdded(value === "added")}
            data={[
              { value: "added", label: "Added up" },
              { value: "each", label: `Each ${step}` },
            ]}
          />
          <SegmentedControl
            size="xs"
            aria-label="Step"
            value={step}
            onChange={(value) => setStep(value as typeof step)}
            data={[
              { value: "day", label: "Days" },
              { value: "hour", label: "Hours" },
            ]}
          />
        </Group>
      </Group>
      <Paper withBorder p="md">
        <Loaded query={found} lines={6}>
          {(series) => <Chart series={series} added={added} measure={measure} />}
        </Loaded>
      </Paper>
    </Stack>
  );
}

function Chart({ series, added, measure }: { series: Series; added: boolean; measure: Measure }) {
  const several = new Set((series.lines ?? []).map((one) => one.rule)).size > 1;
  const { rows, lines } = useMemo(() => {
    const named = (series.lines ?? []).map((line, index) => ({
      line,
      name: several ? `${line.rule_name || line.rule}: ${line.name}` : line.name,
      color: line.arm === "control" ? "rust.5" : COLORS[index % COLORS.length]!,
    }));
    const at = [...new Set(named.flatMap(({ line }) => line.points.map((point) => point.at)))].sort((a, b) => a - b);
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone: series.time_zone,
      day: "numeric",
      month: "short",
      ...(series.step === "hour" ? { hour: "2-digit", minute: "2-digit" } : {}),
    });
    const rows = at.map((moment) => {
      const row: Record<string, number | string | null> = { when: format.format(moment) };
      for (const { line, name } of named) {
        const point = line.points.find((one) => one.at === moment);
        row[name] = point ? figure(added ? point.cumulative : point.period, measure) : null;
      }
      return row;
    });
    return { rows, lines: named.map(({ name, color }) => ({ name, color })) };
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
      valueFormatter={(value) => (measure === "rate" ? percent(value) : value.toLocaleString("en-GB"))}
      lineChartProps={
        { role: "img", "aria-label": `${measure} ${added ? "added up" : `each ${series.step}`}` } as never
      }
    />
  );
}

function figure(counts: Schemas["Counts"] | Record<string, unknown>, measure: Measure): number | null {
  const told = counts as Record<string, number>;
  if (measure !== "rate") return told[measure] ?? 0;
  return told.people ? (told.conversions ?? 0) / told.people : null;
}
