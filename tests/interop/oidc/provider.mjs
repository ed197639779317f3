// An identity provider that others wrote (oidc-provider), with three people and one client, for the sign-in of a vendor's staff.
//
// Environment: REDIRECT (where the client's browsers come back to). It prints one line of JSON with its issuer, and runs until it is
// killed. Whoever signs in types their name and any password.

import { createServer } from "node:http";

import { Provider } from "oidc-provider";

const PEOPLE = {
  ada: { preferred_username: "ada", groups: ["crm-admins", "everybody"] },
  vera: { preferred_username: "vera", groups: ["crm-viewers"] },
  eve: { preferred_username: "eve", groups: ["everybody"] },
};

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "desk",
        client_secret: "a secret of the tests",
        redirect_uris: [process.env.REDIRECT],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
    cookies: { keys: ["of the tests"] },
    findAccount: (_, id) =>
      PEOPLE[id] && { accountId: id, claims: () => ({ sub: `person-${id}`, ...PEOPLE[id] }) },
  });
  server.on("request", provider.callback());
  console.log(JSON.stringify({ issuer }));
});
