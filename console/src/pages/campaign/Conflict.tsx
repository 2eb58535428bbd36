import { Alert, Button, Code, Group, SimpleGrid, Text } from "@mantine/core";
import { Moment } from "@/parts/Moment";
import { Trouble } from "@/parts/Trouble";
import { said } from "./kept";
import type { Draft } from "./useDraft";

/** Two people typed at once: both versions, and a choice; nothing is lost before it is made. */
export function Conflict({ draft }: { draft: Draft }) {
  if (draft.saving === "refused" && draft.problem)
    return <Trouble error={draft.problem} title="The draft could not be saved" />;
  if (draft.saving !== "conflict") return null;
  const theirs = draft.theirs;
  return (
    <Alert color="rust" variant="light" role="alert" title="Somebody else changed this draft meanwhile">
      <Text size="sm">
        {theirs ? (
          <>
            {theirs.author} saved it <Moment at={theirs.at} />.
          </>
        ) : (
          "It was published or thrown away."
        )}{" "}
        Choose which of the two goes on; undo brings the other one back.
      </Text>
      <SimpleGrid cols={{ base: 1, md: 2 }} mt="xs">
        <Side title="Yours" text={pretty(draft.body)} />
        <Side title={theirs ? `By ${theirs.author}` : "In force"} text={pretty(theirs?.body ?? draft.live.body)} />
      </SimpleGrid>
      <Group mt="sm">
        <Button size="xs" onClick={draft.keepMine}>
          Go on with yours
        </Button>
        <Button size="xs" variant="default" onClick={draft.takeTheirs}>
          Take the other one
        </Button>
      </Group>
    </Alert>
  );
}

const pretty = (body: Draft["body"]): string => JSON.stringify(JSON.parse(said(body)), null, 1);

function Side({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <Text size="xs" fw={600}>
        {title}
      </Text>
      <Code block fz="xs" tabIndex={0} style={{ maxHeight: 260, overflow: "auto" }}>
        {text}
      </Code>
    </div>
  );
}
