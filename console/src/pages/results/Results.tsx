import { Alert, Anchor, Button, Group, Menu, Progress, Skeleton, Stack, Text } from "@mantine/core";
import { IconChartBar, IconDownload, IconLink } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { Copy } from "@/parts/Copy";
import { Empty } from "@/parts/Empty";
import { count } from "@/parts/figures";
import { Moment } from "@/parts/Moment";
import { Trouble } from "@/parts/Trouble";
import { ArmTable } from "./ArmTable";
import { Controls } from "./Controls";
import { GoalResult } from "./GoalResult";
import { Quality } from "./Quality";
import { useWatched } from "./useWatched";
import { CHOICES, fromSearch, query, type View } from "./view";

const OverTime = lazy(() => import("./OverTime"));

export type Report = Schemas["Report"];
export type GoalReport = Schemas["GoalReport"];

/** Whether a campaign helped: its verdict, and every way to look at it. */
export default function Results({ campaign }: { campaign: Schemas["Versioned_Campaign_"] }) {
  const project = useProject();
  const navigate = useNavigate();
  const view = fromSearch(useSearch({ strict: false }) as Record<string, unknown>);
  const set = (made: View) => void navigate({ to: ".", search: made as never, replace: true });
  const base = `/v1/projects/${project}/campaigns/${campaign.key}/results`;
  const { report, progress, error, again } = useWatched<Report>(`${base}/events`, query(view));
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-end">
        <Controls view={view} set={set} campaign={campaign} report={report} />
        <Tools base={base} view={view} />
      </Group>
      {error && <Trouble error={error} retry={again} />}
      {progress && (
        <div role="status">
          <Progress value={progress.of ? (100 * progress.done) / progress.of : 100} animated aria-label="Computed" />
          <Text size="xs" c="dimmed" mt={4}>
            Computing{progress.of > 0 && `, step ${progress.done} of ${progress.of}`}…
          </Text>
        </div>
      )}
      {report &&
        (report.people === 0 ? (
          <Nobody report={report} />
        ) : (
          <Told report={report} view={view} set={set} campaign={campaign} />
        ))}
    </Stack>
  );
}

function Nobody({ report }: { report: Report }) {
  return (
    <Empty icon={<IconChartBar size={26} />} title="Nobody was exposed yet">
      {report.status === "running"
        ? "Results begin with the first visitor whose experience was decided. They are here within seconds."
        : "Start the campaign; the first visitors are here within seconds."}
    </Empty>
  );
}

type ToldProps = { report: Report; view: View; set: (view: View) => void; campaign: Schemas["Versioned_Campaign_"] };

function Told({ report, view, set, campaign }: ToldProps) {
  const shown = report.goals.find((one) => one.key === view.goal) ?? report.goals[0];
  return (
    <Stack gap="lg">
      {(report.exploratory?.length ?? 0) > 0 && (
        <Alert color="blue" variant="light" p="xs" title="Exploratory">
          This is {report.exploratory!.map((one) => CHOICES[one] ?? one).join(", ")}: good for ideas, no verdict.{" "}
          <Anchor component="button" size="sm" onClick={() => set({ goal: view.goal })}>
            Back to what was fixed at the start
          </Anchor>
        </Alert>
      )}
      {(report.restarts ?? []).length > 0 && (
        <Alert color="gray" variant="light" p="xs">
          Measured since <Moment at={report.measured_since ?? report.as_of} exact />: {report.restarts!.at(-1)!.author}{" "}
          changed what it is judged by, so the verdict began anew.
        </Alert>
      )}
      <Group gap="lg">
        <Figure label="People exposed" value={count(report.people)} />
        {report.first_exposure_at && <Figure label="Since" value={<Moment at={report.first_exposure_at} />} />}
        <Figure label="As of" value={<Moment at={report.as_of} exact seconds />} />
      </Group>
      {report.goals.length > 1 && (
        <Group gap="xs">
          {report.goals.map((one) => (
            <Button
              key={one.id}
              size="compact-sm"
              variant={one.id === shown?.id ? "filled" : "default"}
              aria-pressed={one.id === shown?.id}
              onClick={() => set({ ...view, goal: one.key })}
            >
              {one.name} · {one.role}
            </Button>
          ))}
        </Group>
      )}
      {shown ? <GoalResult goal={shown} report={report} /> : <NoGoal />}
      <Suspense fallback={<Skeleton height={360} role="status" aria-busy="true" aria-label="Loading" />}>
        <OverTime campaign={campaign} view={view} set={set} goal={shown} />
      </Suspense>
      {(report.groups ?? []).map((group) => (
        <Stack key={String(group.value)} gap="xs">
          <Text fw={600}>
            {group.value ?? "not known"}{" "}
            <Text span c="dimmed">
              ({count(group.people)} people)
            </Text>
          </Text>
          {group.goals
            .filter((one) => one.key === shown?.key)
            .map((one) => (
              <GoalResult key={one.id} goal={one} report={report} arms={group.arms} />
            ))}
        </Stack>
      ))}
      <ArmTable arms={report.arms} />
      <Quality report={report} />
    </Stack>
  );
}

function NoGoal() {
  return (
    <Alert color="gray" variant="light">
      This campaign has no goal yet: choose under “Goals” what it is to bring, and its lift over the control group is
      shown here.
    </Alert>
  );
}

function Figure({ label, value }: { label: string; value: React.ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={600} size="lg">
        {value}
      </Text>
    </div>
  );
}

function Tools({ base, view }: { base: string; view: View }) {
  const told = new URLSearchParams();
  for (const [name, value] of Object.entries(query(view)))
    for (const one of Array.isArray(value) ? value : [value]) told.append(name, String(one));
  const search = told.size ? `?${told}` : "";
  return (
    <Group gap={4}>
      <Group gap={0}>
        <IconLink size={14} aria-hidden />
        <Copy value={window.location.href} label="Copy a link to this view" />
      </Group>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" size="xs" leftSection={<IconDownload size={14} />}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component="a" href={`${base}/csv${search}`} download>
            Table (CSV)
          </Menu.Item>
          <Menu.Item component="a" href={`${base}/series/csv${search}`} download>
            Day by day (CSV)
          </Menu.Item>
          <Menu.Item component="a" href={`${base}${search}`} download="results.json">
            Everything (JSON)
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
