import {
  Alert,
  Autocomplete,
  Button,
  Group,
  Paper,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { JsonEditor } from "@/parts/JsonEditor";
import { Trouble } from "@/parts/Trouble";
import type { Draft } from "../useDraft";
import { AtDoors } from "./AtDoors";
import { Gates } from "./Gates";

const DEVICES = ["desktop", "mobile", "tablet"];

/** What somebody would see and why: a person who was seen, or one that is made up. */
export default function Preview({ draft }: { draft: Draft }) {
  const project = useProject();
  const [who, setWho] = useState<"known" | "made-up">("made-up");
  const [id, setId] = useState("");
  const [attributes, setAttributes] = useState("{}");
  const [wrong, setWrong] = useState<string>();
  const [device, setDevice] = useState<string | null>(null);
  const [time, setTime] = useState("");
  const [locale, setLocale] = useState("");
  const [experience, setExperience] = useState<string | null>(null);
  const experiences = (draft.live.body.rules ?? []).flatMap((rule) =>
    (rule.experiences ?? []).map((one) => ({ value: one.id ?? one.name, label: one.name })),
  );
  const show = useMutation({
    meta: { quiet: true },
    mutationFn: async () => {
      const context: Schemas["ContextIn"] = {};
      if (device) context.device = device as never;
      if (time) context.time = time as never;
      if (locale) context.locale = locale;
      const body: Schemas["PreviewIn"] = { context };
      if (who === "known") body.visitor = await visitorOf(project, id.trim());
      else body.attributes = objectIn(attributes) as never;
      if (experience) body.experience = experience;
      return data(
        api.POST("/v1/projects/{project}/campaigns/{ref}/preview/doors", {
          params: { path: { project, ref: draft.live.key } },
          body,
        }),
      );
    },
  });
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" style={{ alignItems: "start" }}>
      <Paper withBorder p="md">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (who === "made-up" && !objectIn(attributes)) setWrong("An object in JSON is needed here, or nothing.");
            else show.mutate();
          }}
        >
          <Stack gap="sm">
            <SegmentedControl
              aria-label="For whom"
              value={who}
              onChange={(value) => setWho(value as typeof who)}
              data={[
                { value: "made-up", label: "Made up" },
                { value: "known", label: "Somebody who was seen" },
              ]}
            />
            {who === "known" ? (
              <Person id={id} choose={setId} />
            ) : (
              <JsonEditor
                label="Attributes"
                description='e.g. {"plan": "gold", "first_name": "Ada"}'
                minHeight={70}
                value={attributes}
                onChange={(text) => {
                  setAttributes(text);
                  setWrong(undefined);
                }}
                error={wrong}
              />
            )}
            <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
              <Select
                label="Device"
                clearable
                placeholder="not told"
                data={DEVICES}
                value={device}
                onChange={setDevice}
              />
              <TextInput
                label="Language"
                placeholder="de-AT"
                value={locale}
                onChange={(event) => setLocale(event.currentTarget.value)}
              />
              <TextInput
                label="At"
                type="datetime-local"
                value={time}
                onChange={(event) => setTime(event.currentTarget.value)}
              />
            </SimpleGrid>
            <Select
              label="Experience"
              description="Empty: the one that they would be drawn into"
              clearable
              placeholder="as drawn"
              data={experiences}
              value={experience}
              onChange={setExperience}
            />
            <Group>
              <Button type="submit" loading={show.isPending}>
                Show
              </Button>
              {draft.changed && (
                <Text size="sm" c="dimmed">
                  This shows the version in force, without what is not published yet.
                </Text>
              )}
            </Group>
          </Stack>
        </form>
      </Paper>
      <Stack gap="sm">
        {show.error && <Trouble error={show.error} />}
        {!show.data && !show.error && (
          <Alert color="gray" variant="light">
            Choose a person and press Show. Nothing is recorded, and it does not matter whether the campaign runs.
          </Alert>
        )}
        {show.data && (
          <>
            <Paper withBorder p="md">
              <Gates preview={show.data.preview} campaign={draft.live.body} />
            </Paper>
            <AtDoors doors={show.data.doors} />
          </>
        )}
      </Stack>
    </SimpleGrid>
  );
}

/** An id as the kind of id that it is; refused where nobody was seen under it. */
async function visitorOf(project: string, id: string): Promise<Schemas["PreviewIn"]["visitor"]> {
  const params = { path: { visitor_id: id }, query: { project } };
  const person = await data(api.GET("/v1/profiles/{visitor_id}", { params }));
  return person.ids.includes(id) ? { id } : { anonymous_id: id };
}

/** The object that a text says, {} for none; undefined where it says something else. */
function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const found: unknown = JSON.parse(text.trim() || "{}");
    if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Record<string, unknown>;
  } catch {
    // Not JSON yet: said beside the field.
  }
  return undefined;
}

/** Somebody who was seen, found by the beginning of an id. */
function Person({ id, choose }: { id: string; choose: (id: string) => void }) {
  const project = useProject();
  const [search] = useDebouncedValue(id, 200);
  const found = useQuery({
    queryKey: ["project", project, "people", "named", search],
    placeholderData: keepPreviousData,
    queryFn: () =>
      data(api.GET("/v1/projects/{project}/people", { params: { path: { project }, query: { search, limit: 20 } } })),
  });
  const names = (found.data?.items ?? []).flatMap((one) => [...one.ids, ...one.anonymous_ids]);
  return (
    <Autocomplete
      label="Id"
      description="Of a person or a device; type its beginning"
      placeholder="anna@example.org"
      required
      data={[...new Set(names)]}
      limit={20}
      value={id}
      onChange={choose}
    />
  );
}
