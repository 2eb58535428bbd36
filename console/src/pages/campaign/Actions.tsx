import { ActionIcon, Badge, Button, Group, Menu, Text, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconArrowForwardUp,
  IconDots,
  IconPlayerPause,
  IconPlayerPlay,
  IconUpload,
} from "@tabler/icons-react";
import { useRole } from "@/app/project";
import { useArchive, useVerb } from "@/pages/campaigns/verbs";
import { placeOf } from "./places";
import type { Judged } from "./useCheck";
import type { Draft } from "./useDraft";

const SAYS: Record<Draft["saving"], string> = {
  saved: "Draft saved",
  waiting: "Typing…",
  saving: "Saving…",
  away: "Kept here; the server is away",
  conflict: "Somebody else wrote",
  refused: "Not saved",
};

type Props = { draft: Draft; judged: Judged; lead: (path: string) => void; publish: () => void; locked: boolean };

/** What is kept, what is to be put right, and what can be done with the campaign. */
export function Actions({ draft, judged, lead, publish, locked }: Props) {
  const may = useRole();
  const verb = useVerb();
  const archive = useArchive();
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
            visibleFrom={draft.changed ? undefined : "xs"}
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
      <ToPutRight body={draft.body} wrong={judged.wrong} lead={lead} />
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
          {state === "archived" && (
            <Menu.Item disabled={!may("publisher")} onClick={() => run("restore")}>
              Restore as it was
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
              onClick={() => archive({ key: live.key, name: live.body.name, status: state })}
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

type ToPutRightProps = { body: Draft["body"]; wrong: Judged["wrong"]; lead: (path: string) => void };

function ToPutRight({ body, wrong, lead }: ToPutRightProps) {
  if (wrong.length === 0) return null;
  return (
    <Menu position="bottom-end" withinPortal width={380}>
      <Menu.Target>
        <Button variant="light" color="red" leftSection={<IconAlertTriangle size={16} />}>
          {wrong.length} to put right
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflow: "auto" }}>
        {wrong.map((one) => (
          <Menu.Item key={`${one.path} ${one.text}`} onClick={() => lead(one.path)}>
            <Text size="xs" c="dimmed" title={one.path}>
              {placeOf(body, one.path)}
            </Text>
            <Text size="sm">{one.text}</Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
