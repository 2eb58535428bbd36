import { Alert, Button, Code, Group, SimpleGrid, Text } from "@mantine/core";
import { Moment } from "./Moment";
import type { Typed } from "./typed";

/** What somebody else saved while this was typed: both versions and a choice; or that one goes on where one stopped. */
export function Theirs<B>({ typed }: { typed: Typed<B> }) {
  const { theirs } = typed;
  if (!theirs) return typed.restored ? <Restored drop={typed.drop} /> : null;
  return (
    <Alert color="rust" variant="light" role="alert" title="Somebody else changed this meanwhile">
      <Text size="sm">
        {theirs.author} saved it <Moment at={theirs.at} />. Nothing is saved before you choose.
      </Text>
      <SimpleGrid cols={{ base: 1, md: 2 }} mt="xs">
        <Side title="Yours" body={typed.body} />
        <Side title={`By ${theirs.author}`} body={theirs.body} />
      </SimpleGrid>
      <Group mt="sm">
        <Button size="xs" onClick={typed.keepMine}>
          Go on with yours
        </Button>
        <Button size="xs" variant="default" onClick={typed.drop}>
          Take the other one
        </Button>
      </Group>
    </Alert>
  );
}

function Restored({ drop }: { drop: () => void }) {
  return (
    <Group gap="xs" role="status">
      <Text size="sm">What you typed before and did not save is here again.</Text>
      <Button size="compact-sm" variant="default" onClick={drop}>
        Throw it away
      </Button>
    </Group>
  );
}

function Side<B>({ title, body }: { title: string; body: B }) {
  return (
    <div>
      <Text size="xs" fw={600}>
        {title}
      </Text>
      <Code block fz="xs" tabIndex={0} style={{ maxHeight: 260, overflow: "auto" }}>
        {JSON.stringify(body, null, 1)}
      </Code>
    </div>
  );
}
