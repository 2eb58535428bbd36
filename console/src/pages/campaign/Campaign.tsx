import { ActionIcon, Alert, Anchor, Badge, Button, Group, Menu, Stack, Tabs, Text, Tooltip } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconDots,
  IconPlayerPause,
  IconPlayerPlay,
  IconUpload,
} from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useProject, useRole } from "@/app/project";
import { useVerb } from "@/pages/campaigns/Campaigns";
import { confirm } from "@/parts/confirm";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Status } from "@/parts/Status";
import { AudienceEditor } from "./AudienceEditor";
import { CampaignGoals } from "./CampaignGoals";
import { CampaignSettings } from "./CampaignSettings";
import { Conflict } from "./Conflict";
import { Publish } from "./Publish";
import { Rules } from "./Rules";
import { type Draft, useEditing, useLoaded } from "./useDraft";
import { Versions } from "./Versions";

const Preview = lazy(() => import("./preview/Preview"));
const Results = lazy(() => import("@/pages/results/Results"));

const TABS = [
  { value: "rules", label: "Rules and experiences" },
  { value: "audience", label: "Audience" },
  { value: "goals", label: "Goals" },
  { value: "settings", label: "Settings" },
  { value: "preview", label: "Preview" },
  { value: "results", label: "Results" },
  { value: "versions", label: "Versions" },
];

/** One campaign: what it shows to whom, whether it helps, and how it came to be. */
export function Campaign() {
  const { ref = "" } = useParams({ strict: false }) as { ref?: string };
  const { live, draft } = useLoaded(ref);
  return (
    <Loaded query={live} lines={8}>
      {(view) => (
        <Loaded query={draft} lines={8}>
          {(stored) => <Editor key={`${view.id}:${view.version}`} view={view} stored={stored} />}
        </Loaded>
      )}
    </Loaded>
  );
}

type EditorProps = { view: Draft["live"]; stored: Draft["draft"] };

function Editor({ view, stored }: EditorProps) {
  const project = useProject();
  const may = useRole();
  const navigate = useNavigate();
  const { tab = "rules" } = useParams({ strict: false }) as { tab?: string };
  const archived = view.body.status === "archived";
  const locked = !may("editor") || archived;
  const draft = useEditing(view, stored, locked);
  const [publishing, { open, close }] = useDisclosure();
  useHotkeys([
    ["mod+Z", draft.undo],
    ["mod+shift+Z", draft.redo],
    ["mod+Enter", () => draft.changed && may("publisher") && open()],
  ]);
  return (
    <Page
      wide
      title={draft.body.name || view.key}
      mark={<Status status={view.body.status ?? "draft"} size="md" />}
      above={
        <Anchor component={Link} to={`/p/${project}/campaigns`} size="sm">
          Campaigns
        </Anchor>
      }
      actions={<Actions draft={draft} publish={open} locked={locked} />}
    >
      {view.warnings?.map((warning) => (
        <Alert key={warning} color="rust" variant="light" p="xs">
          {warning}
        </Alert>
      ))}
      {archived && (
        <Alert color="gray" variant="light" p="xs">
          It is archived. Take it back to draft to change it.
        </Alert>
      )}
      <Conflict draft={draft} />
      <Tabs
        value={tab}
        onChange={(value) => void navigate({ to: `/p/${project}/campaigns/${view.key}/${value}`, replace: true })}
        keepMounted={false}
      >
        <Tabs.List>
          {TABS.map((one) => (
            <Tabs.Tab key={one.value} value={one.value}>
              {one.label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="rules" pt="md">
          <Rules body={draft.body} set={draft.set} setup={view.setup ?? []} locked={locked} />
        </Tabs.Panel>
        <Tabs.Panel value="audience" pt="md">
          <Stack gap="xs">
            <Text size="sm" c="dimmed">
              Holds for every rule, before the rule’s own audience.
            </Text>
            <AudienceEditor
              optional
              audience={draft.body.audience as never}
              locked={locked}
              change={(audience) => draft.set({ ...draft.body, audience: audience as never })}
            />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="goals" pt="md">
          <CampaignGoals body={draft.body} set={draft.set} locked={locked} started={view.body.status !== "draft"} />
        </Tabs.Panel>
        <Tabs.Panel value="settings" pt="md">
          <CampaignSettings body={draft.body} set={draft.set} locked={locked} />
        </Tabs.Panel>
        <Suspense>
          <Tabs.Panel value="preview" pt="md">
            <Preview draft={draft} />
          </Tabs.Panel>
          <Tabs.Panel value="results" pt="md">
            <Results campaign={view} />
          </Tabs.Panel>
        </Suspense>
        <Tabs.Panel value="versions" pt="md">
          <Versions view={view} />
        </Tabs.Panel>
      </Tabs>
      <Publish opened={publishing} close={close} draft={draft} />
    </Page>
  );
}

const SAYS: Record<Draft["saving"], string> = {
  saved: "Draft saved",
  waiting: "Typing…",
  saving: "Saving…",
  away: "Kept here; the server is away",
  conflict: "Somebody else wrote",
  refused: "Not saved",
};

function Actions({ draft, publish, locked }: { draft: Draft; publish: () => void; locked: boolean }) {
  const may = useRole();
  const verb = useVerb();
  const { live } = draft;
  const state = live.body.status ?? "draft";
  const run = (name: Parameters<typeof verb.mutate>[0]["verb"]) => verb.mutate({ ref: live.key, verb: name });
  return (
    <>
      {!locked && (
        <Group gap={2}>
          <Text
            size="xs"
            c={draft.saving === "refused" || draft.saving === "conflict" ? "red" : "dimmed"}
            role="status"
            mr={4}
          >
            {draft.changed ? SAYS[draft.saving] : "No unpublished changes"}
          </Text>
          <Tooltip label="Undo (Ctrl Z)">
            <ActionIcon variant="subtle" color="gray" disabled={!draft.canUndo} onClick={draft.undo} aria-label="Undo">
              <IconArrowBackUp size={18} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Redo (Ctrl Shift Z)">
            <ActionIcon variant="subtle" color="gray" disabled={!draft.canRedo} onClick={draft.redo} aria-label="Redo">
              <IconArrowForwardUp size={18} />
            </ActionIcon>
          </Tooltip>
        </Group>
      )}
      {draft.changed && (
        <Button
          leftSection={<IconUpload size={16} />}
          disabled={!may("publisher") || locked || draft.saving === "conflict"}
          onClick={publish}
        >
          Publish…
        </Button>
      )}
      {state === "running" ? (
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={16} />}
          disabled={!may("publisher")}
          loading={verb.isPending}
          onClick={() => run("pause")}
        >
          Pause
        </Button>
      ) : (
        state !== "archived" && (
          <Tooltip label="Publish first what is not published yet" disabled={!draft.changed}>
            <Button
              variant={draft.changed ? "default" : "filled"}
              leftSection={<IconPlayerPlay size={16} />}
              disabled={!may("publisher") || draft.changed}
              loading={verb.isPending}
              onClick={() => run("start")}
            >
              {state === "paused" ? "Resume" : "Start"}
            </Button>
          </Tooltip>
        )
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size="lg" aria-label="More that can be done with this campaign">
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {state === "draft" && (
            <Menu.Item disabled={!may("publisher")} onClick={() => run("test")}>
              Serve to test users only
            </Menu.Item>
          )}
          {["testing", "paused", "archived"].includes(state) && (
            <Menu.Item disabled={!may("publisher")} onClick={() => run("draft")}>
              Back to draft
            </Menu.Item>
          )}
          {state !== "archived" && (
            <Menu.Item
              disabled={!may("publisher")}
              onClick={() =>
                confirm({
                  title: "Archive this campaign?",
                  body: "It ends for all visitors. Its results stay, and it can be taken back to draft.",
                  verb: "Archive",
                  act: () => run("archive"),
                })
              }
            >
              Archive
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Label>
            <Badge variant="default" tt="none">
              {live.key}
            </Badge>{" "}
            version {live.version}
          </Menu.Label>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
