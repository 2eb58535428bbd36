import { Group, Paper, SegmentedControl, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { Builder } from "@/conditions/Builder";
import { Matches } from "@/conditions/Matches";
import { type JsonObject, type Node, read, write } from "@/conditions/model";
import { useCount } from "@/conditions/useCount";
import { type Known, useKnown } from "@/conditions/useKnown";
import { JsonEditor } from "@/parts/JsonEditor";
import { useUnfinished } from "@/parts/unfinished";
import { useWrong, WrongFields } from "@/parts/wrong";
import type { Audience } from "./draft";

type Props = {
  audience: Audience;
  change: (audience: Audience) => void;
  locked: boolean;
  /** what it means that nothing is chosen, where that is an answer too */
  none?: string;
  /** a named audience is always a condition */
  named?: boolean;
};

type Way = "none" | "everyone" | "rows" | "json";

const wayOf = (audience: Audience): Way =>
  audience === "everyone" ? "everyone" : audience && typeof audience === "object" ? "rows" : "none";

/** For whom something is: everyone by an explicit choice, or a condition as rows or as JSON. */
export function AudienceEditor({ audience, change, locked, none, named }: Props) {
  const known = useKnown();
  const { place } = useWrong();
  const unfinished = useUnfinished(place()["data-field"], audience);
  const [way, setWay] = useState<Way>(unfinished.text === undefined ? wayOf(audience) : "json");
  const condition = typeof audience === "object" && audience !== null ? (audience as JsonObject) : undefined;
  const counted = useCount(condition);
  const [root, setRoot] = useState<Node>(() => read(condition ?? {}));
  const [text, setText] = useState(() => unfinished.text ?? JSON.stringify(condition ?? {}, null, 2));
  const handed = useRef(JSON.stringify(audience ?? null));

  // What comes from outside, by undo or by somebody else, replaces what is shown; one's own typing does not.
  useEffect(() => {
    const told = JSON.stringify(audience ?? null);
    if (told === handed.current) return;
    handed.current = told;
    const made = typeof audience === "object" && audience !== null ? (audience as JsonObject) : {};
    setRoot(read(made));
    setText(JSON.stringify(made, null, 2));
    setWay((old) => (wayOf(audience) === "rows" && old === "json" ? old : wayOf(audience)));
  }, [audience]);

  function hand(made: Audience) {
    unfinished.drop();
    handed.current = JSON.stringify(made ?? null);
    change(made);
  }

  // No row is not yet a choice: “everyone” is one of its own.
  const nothing = named ? {} : null;

  function choose(next: Way) {
    setWay(next);
    unfinished.drop();
    if (next === "everyone") hand("everyone");
    else if (next === "none") hand(null);
    else {
      setRoot(read(condition ?? {}));
      setText(JSON.stringify(condition ?? {}, null, 2));
      if (!condition) hand(nothing);
    }
  }

  function rows(made: Node) {
    setRoot(made);
    const told = write(made);
    hand(Object.keys(told).length ? told : nothing);
  }

  function json(made: string) {
    setText(made);
    try {
      const parsed: unknown = JSON.parse(made);
      if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) hand(parsed as JsonObject);
      else unfinished.keep(made);
    } catch {
      // Not JSON yet: the editor marks the line, and nothing is handed on.
      unfinished.keep(made);
    }
  }

  return (
    <Stack gap="sm" {...place()}>
      <Group justify="space-between">
        <SegmentedControl
          aria-label="Audience"
          size="xs"
          disabled={locked}
          value={way}
          onChange={(made) => choose(made as Way)}
          data={[
            ...(!named && (none || way === "none") ? [{ value: "none", label: none ?? "Nobody chosen" }] : []),
            ...(named ? [] : [{ value: "everyone", label: "Everyone" }]),
            { value: "rows", label: "Who…" },
            { value: "json", label: "JSON" },
          ]}
        />
        {condition && <Matches found={counted} />}
      </Group>
      {way === "none" && !none && (
        <Text size="sm" c="dimmed">
          Choose whom this rule is for. “Everyone” is a choice too, and has to be made.
        </Text>
      )}
      <WrongFields wrong={counted.wrong}>
        {way === "rows" && root.kind === "group" && root.children.length === 0 && (
          <Text size="sm" c="dimmed">
            {condition ? "Without a row, everybody is meant." : "Nobody is chosen before there is a row."}
          </Text>
        )}
        <Condition way={way} root={root} text={text} known={known} locked={locked} rows={rows} json={json} />
      </WrongFields>
    </Stack>
  );
}

type ConditionProps = {
  way: Way;
  root: Node;
  text: string;
  known: Known;
  locked: boolean;
  rows: (root: Node) => void;
  json: (text: string) => void;
};

/** A condition as rows or as JSON, each with what is wrong with it beside it. */
function Condition({ way, root, text, known, locked, rows, json }: ConditionProps) {
  const wrong = useWrong();
  const listed = wrong.list();
  return (
    <>
      {way === "rows" && (
        <Paper withBorder p="sm">
          <Builder root={root} known={known} disabled={locked} onChange={rows} />
        </Paper>
      )}
      {way === "json" && (
        <JsonEditor
          label="Condition"
          value={text}
          readOnly={locked}
          wrong={listed}
          error={wrong.field("").error}
          onChange={json}
        />
      )}
      {way !== "rows" && way !== "json" && wrong.own() && (
        <Text size="xs" c="red" role="alert">
          {wrong.own()}
        </Text>
      )}
    </>
  );
}
