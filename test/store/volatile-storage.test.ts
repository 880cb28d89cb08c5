import t from 'tap'
import { volatileMount } from '../../src/store/volatile-storage.ts'

const inContainer = `
645 520 0:62 / / rw,relatime master:219 - overlay overlay rw,lowerdir=/var/lib/x,upperdir=/y
646 645 0:65 / /proc rw,nosuid - proc proc rw
647 645 0:66 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k
700 645 8:1 /var/lib/docker/volumes/d/_data /data rw,relatime master:1 - ext4 /dev/sda1 rw
701 645 0:70 / /tmp rw,nosuid shared:7 master:3 - tmpfs tmpfs rw
702 645 8:1 /x /with\\040blank rw - xfs /dev/sda1 rw
703 702 0:71 / /with\\040blank/memory rw - ramfs none rw
`
const machine = '24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw'

t.test('what is gone with the container or with memory is known', async (t) => {
  const kindAt = (folder: string) => volatileMount(inContainer, folder)?.kind
  t.equal(kindAt('/app/data'), 'overlay')
  t.equal(kindAt('/'), 'overlay')
  t.equal(kindAt('/database'), 'overlay', 'the name of a mount point is no prefix of another')
  t.equal(kindAt('/tmp'), 'tmpfs')
  t.equal(kindAt('/tmp/x'), 'tmpfs')
  t.equal(kindAt('/with blank/memory/x'), 'ramfs')
  t.same(volatileMount(inContainer, '/dev/shm'), { mountPoint: '/dev', kind: 'tmpfs' })
})

t.test('what lasts is no reason to warn', async (t) => {
  for (const folder of ['/data', '/data/deep', '/with blank/x']) {
    t.equal(volatileMount(inContainer, folder), undefined, folder)
  }
  t.equal(volatileMount(machine, '/var/lib/bridge'), undefined)
  t.equal(volatileMount('', '/data'), undefined, 'nor is what nobody knows')
  t.equal(volatileMount('no line of this form', '/data'), undefined)
})

t.test('of two mounts at one place the later one counts', async (t) => {
  const remounted = `${machine}\n30 24 0:9 / / rw - overlay overlay rw`
  t.equal(volatileMount(remounted, '/data')?.kind, 'overlay')
})
