import {
  Anchor,
  Badge,
  Button,
  Code,
  Group,
  Paper,
  Select,
  Stack,
  Switch,
  Table,
  Tabs,
  Text,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconChevronRight, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useMemo, useState } from "react";
import { schema } from "@/api/queries";
import { useProject } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { Clock } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Refused } from "./Refused";
import { SchemaSeen } from "./SchemaSeen";
import { told } from "./told";
import { type Arrived, useLive } from "./useLive";

/** What arrives, while it arrives. */
export function Events() {
  return (
    <Page
      title="Events"
      about="What your backends and pages report, as it arrives: accepted, refused, and what it consists of."
    >
      <Tabs defaultValue="live" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="live">Live</Tabs.Tab>
          <Tabs.Tab value="refused">Refused</Tabs.Tab>
          <Tabs.Tab value="schema">What arrives</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="live" pt="md">
          <Live />
        </Tabs.Panel>
        <Tabs.Panel value="refused" pt="md">
          <Refused />
        </Tabs.Panel>
        <Tabs.Panel value="schema" pt="md">
          <SchemaSeen />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Live() {
  const project = useProject();
  const [running, setRunning] = useState(true);
  const [name, setName] = useState<string | null>(null);
  const [who, setWho] = useState("");
  const [visitorId] = useDebouncedValue(who.trim(), 400);
  const [opened, setOpened] = useState<number | null>(null);
  const [most, setMost] = useState(ROWS);
  const { events, loaded, trouble } = useLive(running, name ?? "", visitorId);
  const seen = useQuery(schema(project));
  const names = useMemo(
    () =>
      [
        ...new Set([
          ...(seen.data?.items ?? []).filter((one) => one.kind === "event").map((one) => one.name),
          ...events.map((one) => one.name),
          ...(name ? [name] : []),
        ]),
      ].sort(),
    [seen.data, events, name],
  );
  const visitor = (one: Arrived) => String(one.visitor_id ?? one.anonymous_id ?? "");
  const shown = events.slice(0, most);
  if (loaded && events.length === 0 && !name && !visitorId)
    return (
      <Empty
        icon={<IconStack2 size={26} />}
        title="No event yet"
        action={
          <Button component={Link} to={`/p/${project}/connect`}>
            Connect your backend
          </Button>
        }
      >
        Events appear here within a second of being reported. There is a first call to copy in seven languages.
      </Empty>
    );
  return (
    <Stack gap="sm">
      <Group>
        <Select
          aria-label="Event"
          placeholder="Any event"
          clearable
          searchable
          nothingFoundMessage="No such event was seen"
          data={names}
          value={name}
          onChange={setName}
          w={200}
        />
        <TextInput
          aria-label="Visitor"
          placeholder="Anybody: an id of theirs"
          value={who}
          onChange={(event) => setWho(event.currentTarget.value)}
          w={220}
        />
        <Switch label="Live" checked={running} onChange={(event) => setRunning(event.currentTarget.checked)} />
        <Text size="sm" c="dimmed" role="status">
          {running && trouble ? "The server does not answer; trying again" : told(shown.length, events.length)}
        </Text>
      </Group>
      {loaded && shown.length === 0 && (
        <Text size="sm" c="dimmed">
          None of these yet{running ? "; they appear here as they arrive" : ""}.
        </Text>
      )}
      <Paper withBorder display={shown.length === 0 ? "none" : undefined}>
        <Table.ScrollContainer minWidth={640} tabIndex={0}>
          <Table highlightOnHover fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Received</Table.Th>
                <Table.Th>Event</Table.Th>
                <Table.Th>Visitor</Table.Th>
                <Table.Th>Answers</Table.Th>
                <Table.Th>From</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((one) => (
                <Fragment key={one.seq}>
                  <Table.Tr
                    style={{ cursor: "pointer" }}
                    onClick={() => setOpened(opened === one.seq ? null : one.seq)}
                  >
                    <Table.Td>
                      <Group gap={6} wrap="nowrap">
                        <UnstyledButton aria-expanded={opened === one.seq} aria-label={`All of “${one.name}”`}>
                          <IconChevronRight
                            size={14}
                            style={{ transform: opened === one.seq ? "rotate(90deg)" : undefined }}
                          />
                        </UnstyledButton>
                        <Clock at={one.received_at} />
                      </Group>
                    </Table.Td>
                    <Table.Td>
                      <b>{one.name}</b>
                    </Table.Td>
                    <Table.Td>
                      <Anchor
                        component={Link}
                        to={`/p/${project}/people/${encodeURIComponent(visitor(one))}`}
                        onClick={(event) => event.stopPropagation()}
                        size="sm"
                      >
                        {visitor(one)}
                      </Anchor>
                    </Table.Td>
                    <Table.Td>
                      {Boolean(one.campaign) && (
                        <Badge size="sm" variant="light" tt="none">
                          {String(one.campaign)} · {String(one.arm)}
                        </Badge>
                      )}
                    </Table.Td>
                    <Table.Td c="dimmed">{String(one.source ?? "")}</Table.Td>
                  </Table.Tr>
                  {opened === one.seq && (
                    <Table.Tr>
                      <Table.Td colSpan={5}>
                        <Code block fz="xs">
                          {JSON.stringify(one, null, 2)}
                        </Code>
                      </Table.Td>
                    </Table.Tr>
                  )}
                </Fragment>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
      {events.length > most && (
        <Button variant="default" onClick={() => setMost(most + ROWS)}>
          Show more
        </Button>
      )}
    </Stack>
  );
}

/** Rows at once: more of them make a page slow that changes twice a second. */
const ROWS = 60;
