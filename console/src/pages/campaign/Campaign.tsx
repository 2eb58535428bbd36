import { Alert, Anchor, Stack, Tabs, Text } from "@mantine/core";
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useProject, useRole } from "@/app/project";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Status } from "@/parts/Status";
import { Unfinished, useAllUnfinished } from "@/parts/unfinished";
import { At, useFocus, WrongFields } from "@/parts/wrong";
import { Actions } from "./Actions";
import { AudienceEditor } from "./AudienceEditor";
import { CampaignGoals } from "./CampaignGoals";
import { CampaignSettings } from "./CampaignSettings";
import { Conflict } from "./Conflict";
import { Publish } from "./Publish";
import { tabOf } from "./places";
import { Lead } from "./Readiness";
import { Count } from "./RuleEditor";
import { Rules } from "./Rules";
import { type Judged, useCheck } from "./useCheck";
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
          {(stored) => <Editor key={view.id} view={view} stored={stored} />}
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
  const place = `tailorbird:unfinished:${project}:${view.id}`;
  const unfinished = useAllUnfinished(place, draft.body);
  const checked = useCheck(draft);
  const judged = useMemo(() => ({ ...checked, wrong: [...checked.wrong, ...unfinished] }), [checked, unfinished]);
  const [publishing, { open, close }] = useDisclosure();
  const [goal, setGoal] = useState<string | null>(null);
  const show = (value: string) => navigate({ to: `/p/${project}/campaigns/${view.key}/${value}`, replace: true });
  const lead = (path: string) => {
    void show(tabOf(path));
    setGoal(path);
  };
  useFocus(goal, () => setGoal(null));
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
      actions={<Actions draft={draft} judged={judged} lead={lead} publish={open} locked={locked} />}
    >
      {view.warnings?.map((warning) => (
        <Alert key={warning} color="rust" variant="light" p="xs">
          {warning}
        </Alert>
      ))}
      {archived && (
        <Alert color="gray" variant="light" p="xs">
          It is archived. Restore it, or take it back to draft, to change it.
        </Alert>
      )}
      <Conflict draft={draft} />
      <Lead.Provider value={lead}>
        <Unfinished value={place}>
          <WrongFields wrong={judged.wrong} goal={goal}>
            <Pages view={view} draft={draft} judged={judged} tab={tab} show={show} locked={locked} />
          </WrongFields>
        </Unfinished>
      </Lead.Provider>
      <Publish
        opened={publishing}
        close={close}
        draft={draft}
        unfinished={unfinished}
        lead={(path) => {
          close();
          lead(path);
        }}
      />
    </Page>
  );
}

type PagesProps = {
  view: Draft["live"];
  draft: Draft;
  judged: Judged;
  tab: string;
  show: (tab: string) => void;
  locked: boolean;
};

/** The pages of the editor, of which one is open. */
function Pages({ view, draft, judged, tab, show, locked }: PagesProps) {
  const list = useRef<HTMLDivElement>(null);
  // On a narrow screen the tabs do not all fit: the open one is moved into sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time that another one is opened
  useEffect(() => {
    const open = list.current?.querySelector<HTMLElement>("[data-active]");
    if (open) list.current?.scrollTo({ left: open.offsetLeft + open.offsetWidth / 2 - list.current.clientWidth / 2 });
  }, [tab]);
  return (
    <Tabs value={tab} onChange={(value) => value && show(value)} keepMounted={false}>
      <Tabs.List ref={list}>
        {TABS.map((one) => {
          const wrong = judged.wrong.filter(({ path }) => tabOf(path) === one.value).length;
          return (
            <Tabs.Tab key={one.value} value={one.value} rightSection={wrong > 0 && <Count wrong={wrong} />}>
              {one.label}
            </Tabs.Tab>
          );
        })}
      </Tabs.List>
      <Tabs.Panel value="rules" pt="md">
        <Rules body={draft.body} set={draft.set} setup={judged.setup} locked={locked} />
      </Tabs.Panel>
      <Tabs.Panel value="audience" pt="md">
        <Stack gap="xs">
          <Text size="sm" c="dimmed">
            Holds for every rule, before the rule’s own audience.
          </Text>
          <At path="audience">
            <AudienceEditor
              none="As the rules say"
              audience={draft.body.audience as never}
              locked={locked}
              change={(audience) => draft.set({ ...draft.body, audience: audience as never })}
            />
          </At>
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="goals" pt="md">
        <CampaignGoals
          body={draft.body}
          set={draft.set}
          locked={locked}
          started={(view.body.status ?? "draft") !== "draft"}
        />
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
  );
}
