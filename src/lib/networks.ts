import { BlockList, isIP } from 'node:net'

/** A set of source networks. */
export interface Networks {
  /** Tells whether the address is in one of them. */
  includes(address: string): boolean
}

/** An IPv4 address, also one that came in on an IPv6 socket (RFC 4291 §2.5.5.2), and maybe a port. */
const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/i

/** An IPv6 address in brackets, and maybe a port. */
const bracketed = /^\[([^\]]+)\](?::\d+)?$/

/**
 * The address alone, in one form: some proxies write the port of the client into `X-Forwarded-For`,
 * e.g. Azure Application Gateway, by which one client would seem to be many.
 */
export function plainAddress(address: string): string {
  return v4.exec(address)?.[1] ?? bracketed.exec(address)?.[1] ?? address
}

/** Tells whether the text is an IP address or a CIDR block (RFC 4632), e.g. `192.0.2.0/24`. */
export function isNetwork(text: string): boolean {
  const { address, family, prefix } = parse(text)
  return isIP(address) !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits(family)
}

/** The networks that the CIDR blocks describe; each must be one by {@link isNetwork}. */
export function networksOf(blocks: readonly string[]): Networks {
  const list = new BlockList()
  for (const block of blocks) {
    const { address, family, prefix } = parse(block)
    list.addSubnet(address, Number(prefix), family)
  }
  return {
    includes(address) {
      const plain = plainAddress(address)
      const version = isIP(plain)
      return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
    }
  }
}

function parse(text: string) {
  const [address = '', ...rest] = text.split('/')
  const family = isIP(address) === 4 ? ('ipv4' as const) : ('ipv6' as const)
  return { address, family, prefix: rest.length === 0 ? String(bits(family)) : rest.join('/') }
}

function bits(family: 'ipv4' | 'ipv6'): number {
  return family === 'ipv4' ? 32 : 128
}
