import { Button, Group, Menu, Modal, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconTemplate } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import { asProblem } from "@/api/problem";
import { templates } from "@/api/queries";
import { useProject } from "@/app/project";
import { Trouble } from "@/parts/Trouble";
import type { Experience } from "../draft";

type Props = { experience: Experience; write: (experience: Experience) => void };

/** Start from saved content, or save this content for others. */
export function TemplateMenu({ experience, write }: Props) {
  const project = useProject();
  const found = useQuery(templates(project));
  const [saving, { open, close }] = useDisclosure();
  const saved = found.data?.items ?? [];
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconTemplate size={14} />}>
            Template
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={320} style={{ overflow: "auto" }}>
          <Menu.Item disabled={!experience.content} onClick={open}>
            Save as template…
          </Menu.Item>
          {saved.length > 0 && <Menu.Label>Start from</Menu.Label>}
          {saved.map((one) => (
            <Menu.Item
              key={one.id}
              onClick={() =>
                write({
                  ...experience,
                  content: structuredClone(one.body.content),
                  template: { template: one.key, version: one.version },
                })
              }
            >
              {one.body.name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={saving} onClose={close} title="Save as template">
        <Save experience={experience} done={close} />
      </Modal>
    </>
  );
}

function Save({ experience, done }: { experience: Experience; done: () => void }) {
  const project = useProject();
  const client = useQueryClient();
  const [name, setName] = useState(experience.name);
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      data(
        api.POST("/v1/projects/{project}/templates", {
          params: { path: { project } },
          body: { name, content: experience.content! },
        }),
      ),
    async onSuccess(made) {
      await client.invalidateQueries({ queryKey: ["project", project, "templates"] });
      notifications.show({ message: `The template ${made.body.name} is saved.` });
      done();
    },
  });
  const problem = save.error ? asProblem(save.error) : undefined;
  return (
    <Stack>
      <TextInput
        label="Name"
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={problem?.at("name") ?? problem?.at("key")}
      />
      {problem && !problem.at("name") && !problem.at("key") && <Trouble error={problem} />}
      <Group justify="flex-end">
        <Button loading={save.isPending} disabled={!name.trim()} onClick={() => save.mutate()}>
          Save
        </Button>
      </Group>
    </Stack>
  );
}
