import { notifications } from "@mantine/notifications";
import { type InfiniteData, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, data, type Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { undoable } from "@/parts/undoable";

export type CampaignView = Schemas["Versioned_Campaign_"];
export type Status = NonNullable<Schemas["Campaign"]["status"]>;
export type Verb = "start" | "pause" | "archive" | "draft" | "test" | "restore";
export type CampaignPage = { items: CampaignView[]; next?: string | null };

/** Where each verb leads; what is restored was known to the server alone. */
const LEADS_TO: Partial<Record<Verb, Status>> = {
  start: "running",
  pause: "paused",
  archive: "archived",
  draft: "draft",
  test: "testing",
};

/** The same answer with another status of some campaigns, whatever form the answer has. */
export function patched(held: unknown, refs: readonly string[], status: Status): unknown {
  const one = (view: CampaignView): CampaignView =>
    refs.includes(view.key) || refs.includes(view.id) ? { ...view, body: { ...view.body, status } } : view;
  if (typeof held !== "object" || held === null) return held;
  if ("pages" in held) {
    const { pages, ...rest } = held as InfiniteData<CampaignPage>;
    return { ...rest, pages: pages.map((page) => ({ ...page, items: page.items.map(one) })) };
  }
  if ("items" in held && Array.isArray(held.items) && held.items.every((item) => item?.body?.name !== undefined))
    return { ...held, items: (held.items as CampaignView[]).map(one) };
  return "body" in held && "key" in held ? one(held as CampaignView) : held;
}

/** Shows a status at once; gives back how to take that back. */
function useShown() {
  const project = useProject();
  const client = useQueryClient();
  const queryKey = ["project", project, "campaigns"];
  return {
    async show(refs: readonly string[], status: Status) {
      await client.cancelQueries({ queryKey });
      const before = client.getQueriesData({ queryKey });
      for (const [key, held] of before)
        if (!key.includes("versions")) client.setQueryData(key, patched(held, refs, status));
      return () => {
        for (const [key, held] of before) client.setQueryData(key, held);
      };
    },
    reread: () => client.invalidateQueries({ queryKey }),
  };
}

/** Run a verb of a campaign's lifecycle: shown at once, taken back where it is refused. */
export function useVerb() {
  const project = useProject();
  const { show, reread } = useShown();
  return useMutation({
    mutationFn: ({ ref, verb }: { ref: string; verb: Verb }) =>
      data(api.POST(`/v1/projects/{project}/campaigns/{ref}/${verb}`, { params: { path: { project, ref } } })),
    onMutate: ({ ref, verb }) => {
      const to = LEADS_TO[verb];
      return to && show([ref], to);
    },
    onError: (_error, _told, restore) => restore?.(),
    onSettled: reread,
  });
}

/** Pause several at once; told which could not be. */
export function usePauseAll(done: () => void) {
  const project = useProject();
  const { show, reread } = useShown();
  return useMutation({
    mutationFn: (refs: string[]) =>
      data(
        api.POST("/v1/projects/{project}/campaigns:pause", {
          params: { path: { project } },
          body: { campaigns: refs },
        }),
      ),
    onMutate: (refs) => show(refs, "paused"),
    onError: (_error, _refs, restore) => restore?.(),
    onSuccess({ items }) {
      const left = items.filter((one) => !one.paused);
      notifications.show({
        color: left.length ? "rust" : "leaf",
        title: `${items.length - left.length} of ${items.length} paused`,
        message: left.length
          ? left.map((one) => `${one.campaign}: ${one.detail}`).join(" ")
          : "Visitors see none of them from now on.",
      });
      done();
    },
    onSettled: reread,
  });
}

/** Archive a campaign, with a way back to what it was; after a question where visitors see it. */
export function useArchive() {
  const verb = useVerb();
  return ({ key, name, status }: { key: string; name: string; status: Status }) => {
    async function act() {
      await verb.mutateAsync({ ref: key, verb: "archive" });
      undoable(`archived:${key}`, `${name} is archived`, () => verb.mutate({ ref: key, verb: "restore" }));
    }
    // What is refused is told in a corner by every failed change.
    const archive = () => void act().catch(() => undefined);
    if (status !== "running") archive();
    else
      confirm({
        title: `Archive ${name}?`,
        body: "It ends for all visitors. Its results stay, and it can be restored.",
        verb: "Archive",
        act: archive,
      });
  };
}
