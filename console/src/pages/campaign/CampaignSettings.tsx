import { Paper, Select, Stack, TagsInput, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { campaignFacets } from "@/api/queries";
import { useProject } from "@/app/project";
import { NumberField } from "@/parts/NumberField";
import { At, useWrong } from "@/parts/wrong";
import type { Body } from "./draft";
import { ScheduleEditor } from "./ScheduleEditor";

type Props = { body: Body; set: (body: Body) => void; locked: boolean };

/** How a campaign is asked for, when it runs, and how it goes together with others. */
export function CampaignSettings({ body, set, locked }: Props) {
  const project = useProject();
  const known = useQuery(campaignFacets(project)).data;
  const { field } = useWrong();
  const change = (part: Partial<Body>) => set({ ...body, ...part });
  return (
    <Stack maw={720}>
      <Paper withBorder p="md">
        <Stack>
          <TextInput
            label="Name"
            required
            disabled={locked}
            value={body.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
            {...field("name")}
          />
          <TextInput
            label="Selector"
            description="What backends ask for. The old one goes on working until another campaign takes it"
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
            disabled={locked}
            value={body.key ?? ""}
            onChange={(event) => change({ key: event.currentTarget.value })}
            {...field("key")}
          />
          <TagsInput
            label="Groups"
            description="Backends can ask for all campaigns of a group at once"
            disabled={locked}
            data={known?.groups ?? []}
            value={[...(body.groups ?? [])]}
            onChange={(value) => change({ groups: value })}
            {...field("groups")}
          />
          <Select
            label="Channel"
            allowDeselect={false}
            disabled={locked}
            data={[
              { value: "server", label: "Server: a backend shows it" },
              { value: "web", label: "Web: the page shows it, with its template’s client code" },
            ]}
            value={body.channel ?? "server"}
            onChange={(value) => change({ channel: value as Body["channel"] })}
            {...field("channel")}
          />
          <Select
            label="When somebody counts as exposed"
            allowDeselect={false}
            disabled={locked}
            data={[
              { value: "", label: "As the call says (usual)" },
              { value: "decision", label: "When it is decided" },
              { value: "report", label: "When the page reports that it was seen" },
            ]}
            value={body.expose ?? ""}
            onChange={(value) => change({ expose: (value || null) as Body["expose"] })}
            {...field("expose")}
          />
        </Stack>
      </Paper>
      <Paper withBorder p="md">
        <Title order={2} size="h3" mb="sm">
          When it runs
        </Title>
        <At path="schedule">
          <ScheduleEditor schedule={body.schedule} locked={locked} change={(schedule) => change({ schedule })} />
        </At>
      </Paper>
      <Paper withBorder p="md">
        <Stack>
          <TagsInput
            label="Exclusion set"
            description="Of the campaigns of one set, a visitor takes part in one only: the one of highest priority whose rule matches"
            maxTags={1}
            disabled={locked}
            data={known?.exclusion_sets ?? []}
            value={body.exclusion_set ? [body.exclusion_set] : []}
            onChange={(value) => change({ exclusion_set: value[0] ?? null })}
            {...field("exclusion_set")}
          />
          {body.exclusion_set && (
            <NumberField
              label="Priority"
              description="Higher goes first"
              disabled={locked}
              value={body.priority ?? 0}
              onChange={(priority) => change({ priority })}
              {...field("priority")}
            />
          )}
          <TagsInput
            label="Test users"
            description="Ids that see this campaign while it is being tested. They never count"
            disabled={locked}
            value={[...(body.test_users ?? [])]}
            onChange={(value) => change({ test_users: value })}
            {...field("test_users")}
          />
          <Text size="xs" c="dimmed">
            Press Enter after each.
          </Text>
        </Stack>
      </Paper>
    </Stack>
  );
}
