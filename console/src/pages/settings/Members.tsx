import { Alert, Badge, Button, Group, Modal, Paper, Select, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { ROLES, type Role, useProject, useRole } from "@/app/project";
import { Snippet } from "@/parts/Copy";
import { confirm } from "@/parts/confirm";
import { Loaded } from "@/parts/Loaded";
import { Moment } from "@/parts/Moment";
import { Trouble } from "@/parts/Trouble";

const MAY: Record<Role, string> = {
  viewer: "looks at everything",
  editor: "changes drafts, audiences, templates, goals and the catalogue",
  publisher: "also publishes, starts and pauses",
  admin: "also manages keys, members and settings, and erases people",
};

/** Who works in a project, and who was invited to. */
export function Members() {
  const project = useProject();
  const may = useRole();
  const [inviting, { open, close }] = useDisclosure();
  const [made, setMade] = useState<Schemas["NewInvitation"] | null>(null);
  const found = useQuery({
    queryKey: ["project", project, "members"],
    queryFn: () => data(api.GET("/v1/projects/{project}/members", { params: { path: { project } } })),
  });
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2}>Members</Title>
        {may("admin") && (
          <Button size="xs" onClick={open}>
            Invite
          </Button>
        )}
      </Group>
      {made && (
        <Alert color="leaf" variant="light" title="Pass this link on" withCloseButton onClose={() => setMade(null)}>
          <Text size="sm" mb="xs">
            It works once and is shown this once{made.email && `; it is for ${made.email}`}.
          </Text>
          <Snippet text={made.link} label="Copy the link" />
        </Alert>
      )}
      <Loaded query={found} lines={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Text size="sm" c="dimmed">
              Only the owners of this installation work here so far.
            </Text>
          ) : (
            <Paper withBorder>
              <Table.ScrollContainer minWidth={520} tabIndex={0}>
                <Table verticalSpacing="xs">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Who</Table.Th>
                      <Table.Th>Role</Table.Th>
                      <Table.Th>Since</Table.Th>
                      <Table.Th aria-label="Actions" />
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {items.map((member) => (
                      <Member key={member.account} member={member} />
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </Paper>
          )
        }
      </Loaded>
      {may("admin") && <Invitations />}
      <Modal opened={inviting} onClose={close} title="Invite somebody">
        <Invite
          done={(invitation) => {
            close();
            setMade(invitation);
          }}
        />
      </Modal>
    </Stack>
  );
}

function Member({ member }: { member: Schemas["MemberView"] }) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const path = { path: { project, account_id: member.account } };
  const refresh = () => client.invalidateQueries({ queryKey: ["project", project, "members"] });
  const change = useMutation({
    mutationFn: (role: Role) =>
      data(api.PUT("/v1/projects/{project}/members/{account_id}", { params: path, body: { role } })),
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: () => api.DELETE("/v1/projects/{project}/members/{account_id}", { params: path }),
    onSuccess: refresh,
  });
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {member.name}
        </Text>
        <Text size="xs" c="dimmed">
          {member.email}
        </Text>
      </Table.Td>
      <Table.Td>
        {may("admin") ? (
          <Select
            aria-label={`Role of ${member.name}`}
            size="xs"
            w={130}
            allowDeselect={false}
            data={[...ROLES]}
            value={member.role}
            onChange={(role) => role && change.mutate(role as Role)}
          />
        ) : (
          <Badge variant="default" tt="none">
            {member.role}
          </Badge>
        )}
      </Table.Td>
      <Table.Td>
        <Moment at={member.at} />
      </Table.Td>
      <Table.Td className="num">
        {may("admin") && (
          <Button
            variant="subtle"
            color="red"
            size="compact-xs"
            onClick={() =>
              confirm({
                title: `Remove ${member.name}?`,
                body: "They lose this project with their next click. Their account stays, and so does what they wrote.",
                verb: "Remove",
                danger: true,
                act: () => remove.mutate(),
              })
            }
          >
            Remove
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Invitations() {
  const project = useProject();
  const client = useQueryClient();
  const key = ["project", project, "invitations"];
  const found = useQuery({
    queryKey: key,
    queryFn: () => data(api.GET("/v1/projects/{project}/invitations", { params: { path: { project } } })),
  });
  const end = useMutation({
    mutationFn: (invitation_id: string) =>
      api.DELETE("/v1/projects/{project}/invitations/{invitation_id}", {
        params: { path: { project, invitation_id } },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: key }),
  });
  const open = (found.data?.items ?? []).filter((one) => !one.used_at && one.expires_at > Date.now());
  if (open.length === 0) return null;
  return (
    <Stack gap="xs">
      <Title order={2} size="h3">
        Open invitations
      </Title>
      {open.map((one) => (
        <Group key={one.id} gap="sm">
          <Text size="sm">
            {one.email || "whoever has the link"} as {one.role}, by {one.invited_by}, ends{" "}
            <Moment at={one.expires_at} />
          </Text>
          <Button variant="subtle" size="compact-xs" onClick={() => end.mutate(one.id)}>
            Take back
          </Button>
        </Group>
      ))}
    </Stack>
  );
}

function Invite({ done }: { done: (made: Schemas["NewInvitation"]) => void }) {
  const project = useProject();
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const invite = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      data(api.POST("/v1/projects/{project}/invitations", { params: { path: { project } }, body: { role, email } })),
    async onSuccess(made) {
      await client.invalidateQueries({ queryKey: ["project", project, "invitations"] });
      done(made);
    },
  });
  const problem = invite.error ? asProblem(invite.error) : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        invite.mutate();
      }}
    >
      <Stack>
        <TextInput
          label="E-mail"
          description="Empty: whoever has the link. Nothing is mailed; you pass the link on."
          type="email"
          data-autofocus
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={problem?.at("email")}
        />
        <Select
          label="Role"
          description={MAY[role]}
          allowDeselect={false}
          data={[...ROLES]}
          value={role}
          onChange={(value) => setRole(value as Role)}
        />
        {problem && problem.fields.length === 0 && <Trouble error={problem} />}
        <Group justify="flex-end">
          <Button type="submit" loading={invite.isPending}>
            Make the link
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
