import { Anchor, Button, Group, Paper, Stack, Textarea, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { type ApiProblem, asProblem } from "@/api/problem";
import { confirm } from "./confirm";
import { Page } from "./Page";
import { Trouble } from "./Trouble";
import { sentence, WrongFields } from "./wrong";

type Props = {
  title: string;
  /** the list that it belongs to */
  list: { label: string; to: string };
  body: { name: string; description?: string };
  set: (change: { name?: string; description?: string }) => void;
  locked: boolean;
  save: { error: unknown; isPending: boolean; mutate: () => void };
  /** that it is there already, and what becomes of those who use it when it is deleted */
  remove?: { body: string; act: () => void };
  /** what is particular to its kind */
  children: ReactNode;
  /** below the form */
  after?: ReactNode;
};

/** The page of something with a name that is saved as a whole: its errors stand beside their fields. */
export function DefinitionForm({ title, list, body, set, locked, save, remove, children, after }: Props) {
  const problem = useMemo(() => (save.error ? asProblem(save.error) : undefined), [save.error]);
  return (
    <Page
      title={title}
      above={
        <Anchor component={Link} to={list.to} size="sm">
          {list.label}
        </Anchor>
      }
      actions={
        remove &&
        !locked && (
          <Button
            variant="default"
            onClick={() => confirm({ title: `Delete ${title}?`, verb: "Delete", danger: true, ...remove })}
          >
            Delete
          </Button>
        )
      }
    >
      <Paper withBorder p="md">
        <Stack>
          <Group grow align="flex-start" maw={720}>
            <TextInput
              label="Name"
              required
              disabled={locked}
              value={body.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
              error={problem?.at("name") ?? problem?.at("key")}
            />
            <Textarea
              label="Description"
              autosize
              disabled={locked}
              value={body.description ?? ""}
              onChange={(event) => set({ description: event.currentTarget.value })}
              error={problem?.at("description")}
            />
          </Group>
          <Beside problem={problem}>{children}</Beside>
          {problem && !problem.at("name") && !problem.at("key") && <Trouble error={problem} />}
          <Group>
            <Button loading={save.isPending} disabled={locked || !body.name.trim()} onClick={() => save.mutate()}>
              {remove ? "Save" : "Create"}
            </Button>
          </Group>
        </Stack>
      </Paper>
      {after}
    </Page>
  );
}

function Beside({ problem, children }: { problem: ApiProblem | undefined; children: ReactNode }) {
  const wrong = useMemo(
    () => (problem?.fields ?? []).map((one) => ({ path: one.field, text: sentence(one) })),
    [problem],
  );
  return <WrongFields wrong={wrong}>{children}</WrongFields>;
}
