import { Alert, Anchor, Button, Group, List, Modal, Skeleton, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { Changes } from "@/pages/history/History";
import { confirm } from "@/parts/confirm";
import { percent } from "@/parts/figures";
import { Trouble } from "@/parts/Trouble";
import { sentence, type Wrong } from "@/parts/wrong";
import { placeOf } from "./places";
import { type Check, checkDraft, discardDraft, publishDraft } from "./unpublished";
import type { Draft } from "./useDraft";

type Props = {
  opened: boolean;
  close: () => void;
  draft: Draft;
  /** texts that are no values yet, so that nothing of them would be published */
  unfinished: Wrong[];
  lead: (path: string) => void;
};

/** What publishing would change and who would move, before it happens. */
export function Publish({ opened, close, ...plan }: Props) {
  return (
    <Modal opened={opened} onClose={close} title="Publish these changes?" size="xl">
      {opened && <Plan close={close} {...plan} />}
    </Modal>
  );
}

function Plan({ draft, close, unfinished, lead }: Omit<Props, "opened">) {
  const project = useProject();
  const ref = draft.live.key;
  const check = useQuery({
    queryKey: ["project", project, "unpublished", ref, "check"],
    staleTime: 0,
    gcTime: 0,
    retry: false,
    queryFn: async () => {
      await draft.settle();
      return checkDraft(project, ref);
    },
  });
  const publish = useMutation({
    meta: { quiet: true },
    mutationFn: () => publishDraft(project, ref),
    async onSuccess(made) {
      notifications.show({
        title: `Version ${made.version} is published`,
        message:
          made.body.status === "running"
            ? "Visitors see it within two seconds."
            : "Start the campaign when you are ready.",
      });
      close();
      await draft.adopt(made);
    },
  });
  const discard = useMutation({
    mutationFn: () => discardDraft(project, ref),
    async onSuccess() {
      close();
      await draft.adopt(draft.live);
    },
  });
  if (check.isPending) return <Skeleton h={140} />;
  if (check.error) return <Trouble error={check.error} retry={() => check.refetch()} />;
  const told = check.data;
  return (
    <Stack>
      <Obstacles check={told} body={draft.body} unfinished={unfinished} lead={lead} />
      {(told.problems ?? []).length === 0 && <Movement check={told} />}
      {(told.changes ?? []).length > 0 ? (
        <Changes changes={told.changes ?? []} names={told.names} />
      ) : (
        <Text c="dimmed">Nothing differs from the version in force.</Text>
      )}
      {publish.error && <Trouble error={publish.error} />}
      <Group justify="space-between">
        <Button
          variant="subtle"
          color="red"
          loading={discard.isPending}
          onClick={() =>
            confirm({
              title: "Throw these changes away?",
              body: "The campaign stays as it is in force.",
              verb: "Throw away",
              danger: true,
              act: () => discard.mutate(),
            })
          }
        >
          Throw away
        </Button>
        <Group>
          <Button variant="default" onClick={close}>
            Go on editing
          </Button>
          <Button
            data-autofocus
            loading={publish.isPending}
            disabled={(told.problems ?? []).length > 0 || unfinished.length > 0 || told.outdated}
            onClick={() => publish.mutate()}
          >
            Publish
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}

type ObstaclesProps = { check: Check; body: Draft["body"] } & Pick<Props, "unfinished" | "lead">;

function Obstacles({ check, body, unfinished, lead }: ObstaclesProps) {
  const problems: Lead[] = [
    ...(check.problems ?? []),
    ...unfinished.map(({ path, text }) => ({ field: path, detail: text })),
  ];
  if (check.outdated)
    return (
      <Alert color="rust" variant="light" title="Somebody published meanwhile">
        These changes were begun from an older version. Close this, reload, and look at both.
      </Alert>
    );
  if (problems.length > 0)
    return (
      <Alert color="red" variant="light" role="alert" title="This has to be put right first">
        <Leads body={body} problems={problems} lead={lead} />
      </Alert>
    );
  const lacking = [
    ...(check.setup ?? []).filter((one) => !one.ready).flatMap((one) => one.missing ?? []),
    ...(check.missing ?? []),
  ];
  if (lacking.length === 0) return null;
  return (
    <Alert color="rust" variant="light" p="xs" title="It can be published, but not be started yet">
      <Leads body={body} problems={lacking} lead={lead} />
    </Alert>
  );
}

type Lead = Partial<Schemas["Problem"]>;

/** What is wrong or missing, each a way to its field. */
function Leads({ body, problems, lead }: { body: Draft["body"]; problems: Lead[]; lead: (path: string) => void }) {
  return (
    <List size="sm" spacing={4}>
      {problems.map((one) => (
        <List.Item key={`${one.field} ${one.detail}`}>
          <Anchor
            component="button"
            type="button"
            size="sm"
            ta="left"
            c="inherit"
            underline="always"
            display="inline"
            onClick={() => lead(one.field ?? "")}
          >
            <b>{placeOf(body, one.field ?? "")}</b>: {sentence(one)}
          </Anchor>
        </List.Item>
      ))}
    </List>
  );
}

/** Who will see something else than before, rule by rule. */
function Movement({ check }: { check: Check }) {
  const moves = check.moves ?? [];
  if (moves.length === 0 && !check.control_moved)
    return (
      <Alert color="leaf" variant="light" p="xs">
        Nobody is drawn into another experience by this.
      </Alert>
    );
  return (
    <Alert color="blue" variant="light" p="xs" title="Who moves">
      <List size="sm">
        {Boolean(check.control_moved) && (
          <List.Item>
            {percent((check.control_moved ?? 0) / 10_000)} of visitors pass between control and the experiences
          </List.Item>
        )}
        {moves.map((one) => (
          <List.Item key={one.rule}>
            {one.name || "A rule"}: {percent(one.share / 100)} of its visitors get another experience
            {one.emptied && "; none of its experiences has a share any more, so it shows nothing"}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
