import { Button, FileButton, Group, Paper, Progress, Stack, Text, Textarea, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { count } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import { idsOf, idsOfFile } from "./ids";

/** Ids of one upload; others see all of it or nothing. */
const BITE = 50_000;

const many = (ids: number) => `${count(ids)} ${ids === 1 ? "id" : "ids"}`;

/** Who is on a list. */
export function ListMembers({ audience }: { audience: Schemas["Versioned_Audience_"] }) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [sent, setSent] = useState<[number, number] | null>(null);
  const params = { path: { project, ref: audience.key } };
  const key = ["project", project, "audiences", audience.key, "members"];
  const size = useQuery({
    queryKey: key,
    queryFn: () => data(api.GET("/v1/projects/{project}/audiences/{ref}/members", { params })),
  });
  const put = useMutation({
    mutationFn: async ({ ids, replace }: { ids: string[]; replace: boolean }) => {
      for (let at = 0; at < ids.length || at === 0; at += BITE) {
        setSent([at, ids.length]);
        const body = ids.slice(at, at + BITE);
        if (replace && at === 0) await api.PUT("/v1/projects/{project}/audiences/{ref}/members", { params, body });
        else await api.POST("/v1/projects/{project}/audiences/{ref}/members", { params, body });
      }
      return ids.length;
    },
    async onSuccess(ids) {
      setText("");
      await client.invalidateQueries({ queryKey: key });
      notifications.show({ message: `${many(ids)} ${ids === 1 ? "is" : "are"} on the list.` });
    },
    onSettled: () => setSent(null),
  });
  const take = useMutation({
    mutationFn: (ids: string[]) =>
      data(api.POST("/v1/projects/{project}/audiences/{ref}/members/remove", { params, body: ids })),
    async onSuccess(removed) {
      setText("");
      await client.invalidateQueries({ queryKey: key });
      notifications.show({
        message: `${many(removed.removed)} ${removed.removed === 1 ? "was" : "were"} taken off the list.`,
      });
    },
  });
  const ids = idsOf(text);
  return (
    <Paper withBorder p="md">
      <Stack>
        <Group justify="space-between">
          <Title order={2}>Members</Title>
          <Loaded query={size} lines={1}>
            {(told) => <Text size="sm">{many(told.size)}</Text>}
          </Loaded>
        </Group>
        <Textarea
          label="Ids"
          description="One a line, or separated by commas: user ids or the anonymous ids of devices"
          autosize
          minRows={3}
          maxRows={10}
          disabled={!may("editor")}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {sent && <Progress value={(100 * sent[0]) / Math.max(1, sent[1])} aria-label="Uploaded" />}
        {may("editor") && (
          <Group>
            <Button
              disabled={ids.length === 0}
              loading={put.isPending}
              onClick={() => put.mutate({ ids, replace: false })}
            >
              Add {ids.length > 0 && count(ids.length)}
            </Button>
            <Button
              variant="default"
              disabled={ids.length === 0}
              loading={take.isPending}
              onClick={() => take.mutate(ids)}
            >
              Take off
            </Button>
            <FileButton
              accept=".csv,.txt,text/plain,text/csv"
              onChange={async (file) => {
                if (!file) return;
                const told = idsOfFile(await file.arrayBuffer());
                if (typeof told === "string" || told.length === 0) {
                  notifications.show({ color: "red", title: file.name, message: told || "The file has no ids." });
                  return;
                }
                confirm({
                  title: `Replace the list by ${many(told.length)}?`,
                  body: `Everybody who is not in ${file.name} leaves it.`,
                  verb: "Replace",
                  act: () => put.mutate({ ids: told, replace: true }),
                });
              }}
            >
              {(props) => (
                <Button {...props} variant="default">
                  Replace by a file…
                </Button>
              )}
            </FileButton>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}
