import {
  ActionIcon,
  Anchor,
  Badge,
  Button,
  Checkbox,
  Group,
  Menu,
  Paper,
  SegmentedControl,
  Select,
  Stack,
  Table,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconAlertTriangle,
  IconCopy,
  IconDots,
  IconPlayerPause,
  IconPlus,
  IconSearch,
  IconSpeakerphone,
} from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { campaigns } from "@/api/queries";
import { useProject, useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { Empty } from "@/parts/Empty";
import { Loaded } from "@/parts/Loaded";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Status } from "@/parts/Status";

export type CampaignView = Schemas["Versioned_Campaign_"];
type Search = { status?: string; group?: string; q?: string };

const STATES = ["all", "running", "draft", "testing", "paused", "archived"];
const PAGE = 50;

/** Campaigns that a search leaves over; archived ones only where they are asked for. */
export function chosen(all: CampaignView[], { status = "all", group, q = "" }: Search): CampaignView[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ body, key }) => {
    const state = body.status ?? "draft";
    if (status === "all" ? state === "archived" : state !== status) return false;
    if (group && !(body.groups ?? []).includes(group)) return false;
    const text = `${body.name} ${key} ${(body.groups ?? []).join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** All campaigns of a project. */
export function Campaigns() {
  const project = useProject();
  const may = useRole();
  const found = useQuery(campaigns(project));
  return (
    <Page
      title="Campaigns"
      about="Each tries its rules in order; the experiences of the first rule that matches share its visitors by weight, beside a control group."
      actions={
        may("editor") && (
          <Button leftSection={<IconPlus size={16} />} component={Link} to={`/p/${project}/campaigns/new`}>
            New campaign
          </Button>
        )
      }
    >
      <Loaded query={found} lines={8}>
        {({ items }) => (items.length === 0 ? <First project={project} /> : <List all={items} />)}
      </Loaded>
    </Page>
  );
}

function First({ project }: { project: string }) {
  return (
    <Empty
      icon={<IconSpeakerphone size={26} />}
      title="No campaign yet"
      action={
        <Button component={Link} to={`/p/${project}/campaigns/new`}>
          Create the first one
        </Button>
      }
    >
      A campaign says who sees what: rules with an audience, experiences with content, and a small control group that
      sees nothing special, so that you can tell whether it helped.
    </Empty>
  );
}

function List({ all }: { all: CampaignView[] }) {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const [page, setPage] = useState(1);
  const [marked, setMarked] = useState<string[]>([]);
  const groups = useMemo(() => [...new Set(all.flatMap((one) => one.body.groups ?? []))].sort(), [all]);
  const found = useMemo(() => chosen(all, search), [all, search]);
  const shown = found.slice(0, page * PAGE);
  const set = (change: Search) => {
    setPage(1);
    void navigate({ to: ".", search: ((old: Search) => ({ ...old, ...change })) as never, replace: true });
  };
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <TextInput
          aria-label="Search campaigns"
          placeholder="Name, key or group"
          leftSection={<IconSearch size={16} />}
          defaultValue={search.q ?? ""}
          onChange={(event) => set({ q: event.currentTarget.value || undefined })}
          w={{ base: "100%", xs: 240 }}
        />
        <SegmentedControl
          aria-label="Status"
          size="xs"
          value={search.status ?? "all"}
          onChange={(status) => set({ status: status === "all" ? undefined : status })}
          data={STATES.map((value) => ({ value, label: value[0]!.toUpperCase() + value.slice(1) }))}
        />
        {groups.length > 0 && (
          <Select
            aria-label="Group"
            placeholder="Any group"
            data={groups}
            clearable
            value={search.group ?? null}
            onChange={(group) => set({ group: group ?? undefined })}
            w={170}
          />
        )}
        {marked.length > 0 && <BulkPause refs={marked} done={() => setMarked([])} />}
      </Group>
      {found.length === 0 ? (
        <Text c="dimmed" py="xl" ta="center">
          No campaign is like that. Archived ones are shown under “Archived”.
        </Text>
      ) : (
        <Paper withBorder>
          <Table.ScrollContainer minWidth={720}>
            <Table highlightOnHover verticalSpacing="xs">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th w={36}>
                    <Checkbox
                      aria-label="Mark all that are shown"
                      checked={marked.length > 0 && marked.length === shown.length}
                      indeterminate={marked.length > 0 && marked.length < shown.length}
                      onChange={(event) => setMarked(event.currentTarget.checked ? shown.map((one) => one.key) : [])}
                    />
                  </Table.Th>
                  <Table.Th>Campaign</Table.Th>
                  <Table.Th>Status</Table.Th>
                  <Table.Th>Rules</Table.Th>
                  <Table.Th className="num">Control</Table.Th>
                  <Table.Th>Changed</Table.Th>
                  <Table.Th>By</Table.Th>
                  <Table.Th w={44} aria-label="Actions" />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {shown.map((one) => (
                  <Row
                    key={one.id}
                    campaign={one}
                    marked={marked.includes(one.key)}
                    mark={(on) => setMarked(on ? [...marked, one.key] : marked.filter((key) => key !== one.key))}
                  />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Paper>
      )}
      {found.length > shown.length && (
        <Button variant="default" onClick={() => setPage(page + 1)}>
          Show {Math.min(PAGE, found.length - shown.length)} more of {found.length}
        </Button>
      )}
    </Stack>
  );
}

type RowProps = { campaign: CampaignView; marked: boolean; mark: (on: boolean) => void };

function Row({ campaign, marked, mark }: RowProps) {
  const project = useProject();
  const { body } = campaign;
  const rules = body.rules ?? [];
  const arms = rules.reduce((sum, rule) => sum + (rule.experiences ?? []).length, 0);
  const warnings = campaign.warnings ?? [];
  return (
    <Table.Tr bg={marked ? "var(--mantine-primary-color-light)" : undefined}>
      <Table.Td>
        <Checkbox
          aria-label={`Mark ${body.name}`}
          checked={marked}
          onChange={(event) => mark(event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Anchor component={Link} to={`/p/${project}/campaigns/${campaign.key}`} fw={600} size="sm">
            {body.name}
          </Anchor>
          {warnings.length > 0 && (
            <Tooltip label={warnings.join(" ")} multiline maw={360}>
              <IconAlertTriangle
                size={16}
                color="var(--mantine-color-rust-6)"
                aria-label={warnings.join(" ")}
                role="img"
              />
            </Tooltip>
          )}
        </Group>
        <Group gap={6}>
          <Text size="xs" c="dimmed" ff="monospace">
            {campaign.key}
          </Text>
          {(body.groups ?? []).map((group) => (
            <Badge key={group} size="xs" variant="default" tt="none">
              {group}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td>
        <Status status={body.status ?? "draft"} />
        {(body.status ?? "draft") === "draft" && (
          <Text size="xs" c="dimmed">
            {campaign.ready ? "Ready" : "Needs setup"}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm">
          {rules.length} {rules.length === 1 ? "rule" : "rules"}, {arms} {arms === 1 ? "experience" : "experiences"}
        </Text>
      </Table.Td>
      <Table.Td className="num">{body.control ?? 5} %</Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed">
          <Moment at={campaign.at} />
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed" truncate maw={160}>
          {campaign.author}
        </Text>
      </Table.Td>
      <Table.Td>
        <Actions campaign={campaign} />
      </Table.Td>
    </Table.Tr>
  );
}

/** Run a verb of a campaign's lifecycle, and read again what it changed. */
export function useVerb() {
  const project = useProject();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ ref, verb }: { ref: string; verb: "start" | "pause" | "archive" | "draft" | "test" }) =>
      data(api.POST(`/v1/projects/{project}/campaigns/{ref}/${verb}`, { params: { path: { project, ref } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["project", project, "campaigns"] }),
  });
}

function Actions({ campaign }: { campaign: CampaignView }) {
  const project = useProject();
  const may = useRole();
  const verb = useVerb();
  const client = useQueryClient();
  const navigate = useNavigate();
  const clone = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/projects/{project}/campaigns/{ref}/clone", {
          params: { path: { project, ref: campaign.key } },
          body: { name: `${campaign.body.name} (copy)` },
        }),
      ),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["project", project, "campaigns"] });
      await navigate({ to: `/p/${project}/campaigns/${made.key}` });
    },
  });
  const state = campaign.body.status ?? "draft";
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`What can be done with ${campaign.body.name}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to={`/p/${project}/campaigns/${campaign.key}/results`}>
          Results
        </Menu.Item>
        <Menu.Item leftSection={<IconCopy size={14} />} disabled={!may("editor")} onClick={() => clone.mutate()}>
          Clone
        </Menu.Item>
        {state === "running" && (
          <Menu.Item
            leftSection={<IconPlayerPause size={14} />}
            disabled={!may("publisher")}
            onClick={() => verb.mutate({ ref: campaign.key, verb: "pause" })}
          >
            Pause
          </Menu.Item>
        )}
        {state !== "archived" && (
          <Menu.Item
            disabled={!may("publisher")}
            onClick={() =>
              confirm({
                title: `Archive ${campaign.body.name}?`,
                body: "It ends for all visitors. Its results stay, and it can be taken back to draft.",
                verb: "Archive",
                act: () => verb.mutate({ ref: campaign.key, verb: "archive" }),
              })
            }
          >
            Archive
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function BulkPause({ refs, done }: { refs: string[]; done: () => void }) {
  const verb = useVerb();
  const may = useRole();
  async function pause() {
    const told = await Promise.allSettled(refs.map((ref) => verb.mutateAsync({ ref, verb: "pause" })));
    const paused = told.filter((one) => one.status === "fulfilled").length;
    notifications.show({
      color: paused === refs.length ? "leaf" : "rust",
      title: `${paused} of ${refs.length} paused`,
      message: paused === refs.length ? "Visitors see none of them from now on." : "The others were not running.",
    });
    done();
  }
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={<IconPlayerPause size={14} />}
      disabled={!may("publisher")}
      loading={verb.isPending}
      onClick={() =>
        confirm({
          title: `Pause ${refs.length} ${refs.length === 1 ? "campaign" : "campaigns"}?`,
          body: "They answer DISABLED until they are started again.",
          verb: "Pause",
          act: () => void pause(),
        })
      }
    >
      Pause {refs.length}
    </Button>
  );
}
