import type { EditorView } from "@codemirror/view";
import { Group } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useKnown } from "@/conditions/useKnown";
import { JsonEditor } from "@/parts/JsonEditor";
import { useUnfinished } from "@/parts/unfinished";
import { useWrong } from "@/parts/wrong";
import type { Content } from "../draft";
import { DynamicMenu } from "./DynamicMenu";
import { completeLiquid } from "./liquid";

type Props = { content: Content; set: (content: Content) => void; locked: boolean };

/** Content as one JSON value, with Liquid in its texts. */
export function BodyEditor({ content, set, locked }: Props) {
  const known = useKnown();
  const { list, field, place } = useWrong();
  const unfinished = useUnfinished(place("body")["data-field"], content.body);
  const wrong = list("body");
  const complete = useMemo(() => completeLiquid(known), [known]);
  const view = useRef<EditorView>(null);
  const [text, setText] = useState(() => unfinished.text ?? JSON.stringify(content.body, null, 2));
  const handed = useRef(JSON.stringify(content.body));

  // Undo, or somebody else's version, replaces the text; what is typed and is no JSON yet stays as it is.
  useEffect(() => {
    const told = JSON.stringify(content.body);
    if (told === handed.current) return;
    handed.current = told;
    setText(JSON.stringify(content.body, null, 2));
  }, [content.body]);

  function write(made: string) {
    setText(made);
    try {
      const body: unknown = JSON.parse(made);
      handed.current = JSON.stringify(body);
      unfinished.drop();
      set({ ...content, body });
    } catch {
      // The editor marks the line; nothing is handed on before it is JSON again.
      unfinished.keep(made);
    }
  }

  /** Inside a JSON text the quotation marks of a default are escaped. */
  function insert(told: string) {
    const editor = view.current;
    if (!editor) return;
    const escaped = told.replaceAll('"', '\\"');
    editor.dispatch(editor.state.replaceSelection(escaped));
    editor.focus();
  }

  return (
    <div>
      {!locked && (
        <Group justify="flex-end" mb={4}>
          <DynamicMenu insert={insert} />
        </Group>
      )}
      <JsonEditor
        value={text}
        onChange={write}
        readOnly={locked}
        complete={complete}
        ariaLabel="JSON that is shown"
        wrong={wrong}
        {...field("body")}
        minHeight={180}
        onReady={(made) => {
          view.current = made;
        }}
      />
    </div>
  );
}
