import { Alert, Button, Code, FileInput, Group, List, Modal, Progress, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { asProblem } from "@/api/problem";
import { useProject } from "@/app/project";
import { count } from "@/parts/figures";
import { decoded, type File as Read, read } from "./reading";
import { begin, goodOnes, type Outcome, send } from "./sending";

/** Errors that are told on the page; all of them can be saved. */
const TOLD = 50;

const many = (number: number, one: string) => `${count(number)} ${one}${number === 1 ? "" : "s"}`;

type Props = { opened: boolean; close: () => void };

/** A file into the catalogue: what is in it, how far it is, and what is wrong with which line. */
export function ImportModal({ opened, close }: Props) {
  const [busy, setBusy] = useState(false);
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Import items"
      size="lg"
      withCloseButton={!busy}
      closeOnEscape={!busy}
      closeOnClickOutside={!busy}
    >
      <Import done={close} busy={busy} setBusy={setBusy} />
    </Modal>
  );
}

type ImportProps = { done: () => void; busy: boolean; setBusy: (busy: boolean) => void };

function Import({ done, busy, setBusy }: ImportProps) {
  const project = useProject();
  const client = useQueryClient();
  const [file, setFile] = useState<Read | null>(null);
  const [trouble, setTrouble] = useState<string | undefined>();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  useStay(busy);

  async function take(chosen: File | null) {
    setFile(null);
    setTrouble(undefined);
    setOutcome(null);
    if (!chosen) return;
    try {
      setFile(read(chosen.name, decoded(await chosen.arrayBuffer())));
    } catch (error) {
      setTrouble(asProblem(error).message);
    }
  }

  async function start(entries: Read["entries"]) {
    const from = outcome ?? begin(entries);
    setTrouble(undefined);
    setOutcome(from);
    setBusy(true);
    try {
      await send(project, entries, from, setOutcome);
    } catch (error) {
      setTrouble(`${asProblem(error).message} What was sent so far is in the catalogue.`);
    } finally {
      setBusy(false);
      await client.invalidateQueries({ queryKey: ["project", project, "items"] });
    }
  }

  const good = file ? goodOnes(file.entries) : [];
  const finished = outcome !== null && outcome.done === good.length;
  return (
    <Stack>
      <FileInput
        label="File"
        description="CSV with a header line, JSON (a list), or JSON Lines. One column or member is called id."
        placeholder="Choose a file"
        accept=".csv,.tsv,.json,.jsonl,.ndjson,text/csv,application/json"
        disabled={busy}
        onChange={(chosen) => void take(chosen)}
        error={trouble}
      />
      {file && !outcome && <Ready file={file} />}
      {outcome && !finished && (
        <div>
          <Progress value={(100 * outcome.done) / Math.max(1, good.length)} aria-label="Imported" />
          <Text size="xs" c="dimmed" mt={4} role="status">
            {count(outcome.done)} of {count(good.length)}
          </Text>
        </div>
      )}
      {file && outcome && finished && (
        <Alert
          color={outcome.rejected.length ? "rust" : "leaf"}
          title={`${many(outcome.written, "item")} ${outcome.written === 1 ? "is" : "are"} in the catalogue`}
        >
          <Wrong rejected={outcome.rejected} unit={file.unit} most={TOLD} />
        </Alert>
      )}
      <Group justify="flex-end">
        {finished ? (
          <Button onClick={done}>Done</Button>
        ) : (
          <Button disabled={!file || good.length === 0} loading={busy} onClick={() => file && void start(file.entries)}>
            {outcome && !busy ? "Go on" : "Import"}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

/** What is in a file that nobody imported yet. */
function Ready({ file }: { file: Read }) {
  const good = goodOnes(file.entries);
  const { rejected } = begin(file.entries);
  return (
    <>
      <Text size="sm">
        {many(good.length, "item")} {good.length === 1 ? "is" : "are"} ready
        {rejected.length > 0 && `, ${many(rejected.length, file.unit)} cannot be read`}.{good[0] && " The first:"}
      </Text>
      {good[0] && (
        <Code block fz="xs" mah={220} style={{ overflow: "auto" }} tabIndex={0}>
          {JSON.stringify(good[0].item, null, 2)}
        </Code>
      )}
      <Wrong rejected={rejected} unit={file.unit} most={5} />
    </>
  );
}

type WrongProps = { rejected: Outcome["rejected"]; unit: string; most: number };

function Wrong({ rejected, unit, most }: WrongProps) {
  if (rejected.length === 0) return null;
  return (
    <Stack gap="xs" align="flex-start">
      <List size="sm">
        {rejected.slice(0, most).map((one) => (
          <List.Item key={`${one.line}${one.error}`} style={{ overflowWrap: "anywhere" }}>
            {unit} {count(one.line)}: {one.error}
          </List.Item>
        ))}
      </List>
      {rejected.length > most && (
        <>
          <Text size="sm">and {count(rejected.length - most)} more.</Text>
          <Button size="compact-sm" variant="default" onClick={() => save(rejected, unit)}>
            Save all {count(rejected.length)} errors
          </Button>
        </>
      )}
    </Stack>
  );
}

function save(rejected: Outcome["rejected"], unit: string): void {
  const rows = rejected.map((one) => `${one.line},"${one.error.replaceAll('"', '""')}"`);
  const address = URL.createObjectURL(new Blob([[`${unit},error`, ...rows, ""].join("\n")], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "import-errors.csv";
  link.click();
  URL.revokeObjectURL(address);
}

/** The browser asks before a page is left that is not done yet. */
function useStay(busy: boolean): void {
  useEffect(() => {
    if (!busy) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [busy]);
}
