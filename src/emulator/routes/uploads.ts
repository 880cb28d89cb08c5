import type { FastifyInstance } from 'fastify'
import { isJsonObject } from '../../lib/json.ts'
import { BodyReader } from '../body-reader.ts'
import type { EmulatorContext } from '../context.ts'
import { notFound } from '../refusal.ts'
import { requireScope } from '../scopes.ts'

/**
 * `OPTIONS /files/content`, whether a file would be taken
 * (https://developer.box.com/reference/options-files-content/). No file ever is: only the root folder
 * of whoever asks is known.
 */
export function registerUploadRoutes(app: FastifyInstance, context: EmulatorContext): void {
  app.options('/files/content', (request) => {
    requireScope(context, 'root_readwrite')
    const read = new BodyReader(request.body)
    read.require('name')
    read.require('parent')
    read.finish()
    const parent = read.raw('parent') ?? null
    if (!isJsonObject(parent) || parent['id'] !== '0') throw notFound()
    return { upload_url: 'https://upload.example.com/none', upload_token: null }
  })
}
