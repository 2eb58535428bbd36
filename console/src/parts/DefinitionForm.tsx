import { Anchor, Button, Group, Paper, SimpleGrid, Stack, Textarea, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { type ApiProblem, asProblem } from "@/api/problem";
import { confirm } from "./confirm";
import { Page } from "./Page";
import { Theirs } from "./Theirs";
import { Trouble } from "./Trouble";
import { isStale, type Typed } from "./typed";
import { sentence, WrongFields } from "./wrong";

type Props<B extends Named> = {
  title: string;
  /** the list that it belongs to */
  list: { label: string; to: string };
  typed: Typed<B>;
  locked: boolean;
  save: { error: unknown; isPending: boolean; mutate: () => void };
  /** that it is there already, and what becomes of those who use it when it is deleted */
  remove?: { body: string; act: () => void };
  /** what is particular to its kind */
  children: ReactNode;
  /** below the form */
  after?: ReactNode;
};

type Named = { name: string; description?: string };

/** The page of something with a name that is saved as a whole: its errors stand beside their fields. */
export function DefinitionForm<B extends Named>(props: Props<B>) {
  const { title, list, typed, locked, save, remove, children, after } = props;
  const { body } = typed;
  const set = (change: Partial<Named>) => typed.set(change as Partial<B>);
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
          <Theirs typed={typed} />
          <SimpleGrid cols={{ base: 1, xs: 2 }} maw={720}>
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
          </SimpleGrid>
          <Beside problem={problem}>{children}</Beside>
          {problem && !problem.at("name") && !problem.at("key") && !isStale(problem) && <Trouble error={problem} />}
          <Group>
            <Button
              loading={save.isPending}
              disabled={locked || !body.name.trim() || typed.theirs !== null}
              onClick={() => save.mutate()}
            >
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
