/** By name or by id: a name needs its domain, an id does not. */
export interface Login {
  readonly username: string;
  readonly userDomain: string;
  readonly password: string;
  /** Null: the scope is the whole system. */
  readonly project: { readonly name: string; readonly domain: string } | null;
}

export interface ApplicationCredential {
  readonly id: string;
  readonly secret: string;
}

export type Credentials = Login | ApplicationCredential;

/** The body of POST /v3/auth/tokens (Identity API v3, "Password authentication with scoped authorization"). */
export function authBody(credentials: Credentials): string {
  if ('id' in credentials) {
    const { id, secret } = credentials;
    // Its project is its own: a scope would be refused.
    return JSON.stringify({
      auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } },
    });
  }
  const { username: name, userDomain, password, project } = credentials;
  const user = { name, domain: { name: userDomain }, password };
  const scope =
    project === null
      ? { system: { all: true } }
      : { project: { name: project.name, domain: { name: project.domain } } };
  return JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } }, scope } });
}
