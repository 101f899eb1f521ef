// What real Prisma 7 does, for the specs beside this file: its schema engine and its client, both WebAssembly out of npm packages.
//
//   node prisma.mjs JOBS.json RESULTS.json      from a folder in which the packages of package.json are installed
//   node prisma.mjs --serve                     the same for each line "JOBS.json<tab>RESULTS.json" that is read; then "done" to descriptor 3, or "last"
//
// JOBS.json is a list; each job gets one result, { ok: ... } or { error: text, code }. All have provider, url and schema (text), besides:
//   { op: "ddl" }                           the SQL that makes an empty database hold the schema
//   { op: "diff", namespaces }              the SQL that brings the database of url to the schema
//   { op: "push" }                          does that
//   { op: "pull", namespaces }              the database's schema, as text
//   { op: "calls", calls: [[model, action, args], ...] }    what each call of a client that was generated for the schema gives
//   { op: "use", views: [name, ...] }       what such a client does to all models: see use.mjs
//   { op: "migrate", folder, steps: [[command, args], ...] }    what each command of its `migrate` gives: see migrate.mjs
// Values that JSON lacks are { "$": kind, v: text }: bigint, decimal, datetime, bytes (base64), dbnull, jsonnull.
import { createRequire } from 'node:module'
import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { migrate } from './migrate.mjs'
import { use } from './use.mjs'

const require = createRequire(join(process.cwd(), 'package.json'))
const runtime = require('@prisma/client/runtime/client')
const { ColumnTypeEnum, bindMigrationAwareSqlAdapterFactory } = require('@prisma/driver-adapter-utils')
const { Pool } = require('pg')
const { PrismaPg } = require('@prisma/adapter-pg')
const { PrismaBetterSqlite3 } = require('@prisma/adapter-better-sqlite3')

// PostgreSQL's one-byte "char" (18), which the catalogue is full of, the schema engine wants as a character and the adapter refuses:
// it goes through the adapter as text (25), and is marked behind it.
let shadows = 0
function postgresOf(url) {
  const pool = new Pool({ connectionString: url, max: 2 })
  pool.on('error', () => {}) // the database goes while a session of it is idle
  const query = pool.query.bind(pool)
  let characters = []
  pool.query = async (...args) => {
    const result = await query(...args)
    characters = []
    for (const [i, field] of (result.fields ?? []).entries()) {
      if (field.dataTypeID !== 18) continue
      field.dataTypeID = 25
      characters.push(i)
    }
    return result
  }
  const factory = new PrismaPg(pool, { disposeExternalPool: true })
  const connect = factory.connect.bind(factory)
  factory.connect = async () => {
    const adapter = await connect()
    const queryRaw = adapter.queryRaw.bind(adapter)
    adapter.queryRaw = async (q) => {
      const set = await queryRaw(q)
      for (const i of characters) set.columnTypes[i] = ColumnTypeEnum.Character
      return set
    }
    return adapter
  }
  // The adapter's own would leave the database's name in the URL, and so take the real database for the shadow.
  factory.connectToShadowDb = async () => {
    const name = `shadow_${process.pid}_${++shadows}`
    const place = new URL(url)
    place.pathname = '/' + name
    await pool.query(`CREATE DATABASE "${name}"`)
    const adapter = await postgresOf(place.href).connect()
    const dispose = adapter.dispose.bind(adapter)
    adapter.dispose = async () => {
      await dispose()
      await pool.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
    }
    return adapter
  }
  return factory
}

// The engine sends a migration to the shadow as one statement, which this driver refuses when there are several; the real database gets scripts.
function sqliteOf(url) {
  const factory = new PrismaBetterSqlite3({ url })
  const connect = factory.connectToShadowDb.bind(factory)
  factory.connectToShadowDb = async () => {
    const adapter = await connect()
    for (const [name, nothing] of [['executeRaw', 0], ['queryRaw', { columnNames: [], columnTypes: [], rows: [] }]]) {
      const send = adapter[name].bind(adapter)
      adapter[name] = async (q) => {
        try {
          return await send(q)
        } catch (e) {
          if (q.args.length > 0 || !String(e.message).includes('more than one statement')) throw e
          await adapter.executeScript(q.sql)
          return nothing
        }
      }
    }
    return adapter
  }
  return factory
}

const adapterOf = (job) => (job.provider === 'sqlite' ? sqliteOf(job.url) : postgresOf(job.url))

// ---------------------------------------------------------------- the schema engine

process.setMaxListeners(0) // one for each client's folder
let engineClass
async function loadEngine() {
  if (engineClass) return engineClass
  const path = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const glue = await import(pathToFileURL(path).href)
  const wasm = new WebAssembly.Module(readFileSync(join(dirname(path), 'schema_engine_bg.wasm')))
  const { exports } = new WebAssembly.Instance(wasm, { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(exports)
  exports.__wbindgen_start()
  engineClass = glue.SchemaEngine
  return engineClass
}

async function withEngine(job, use) {
  const factory = adapterOf(job)
  const adapters = []
  for (const name of ['connect', 'connectToShadowDb']) {
    const connect = factory[name].bind(factory)
    factory[name] = async () => {
      const adapter = await connect()
      const dispose = adapter.dispose.bind(adapter)
      let disposed
      adapter.dispose = () => (disposed ??= dispose()) // the engine does it for some, and not for all
      adapters.push(adapter)
      return adapter
    }
  }
  const files = [['schema.prisma', job.schema]]
  const bound = bindMigrationAwareSqlAdapterFactory(factory)
  const engine = await (await loadEngine()).new({ datamodels: files }, () => {}, bound)
  try {
    return await use(engine)
  } catch (e) {
    // what the adapter threw, the engine knows by a number only
    const [, id] = /External error id#(\d+)/.exec(String(e.message)) ?? []
    const cause = id === undefined ? null : bound.errorRegistry.consumeError(Number(id))?.error
    if (cause) e.message += `: ${cause.message ?? cause}`
    throw e
  } finally {
    engine.free()
    for (const adapter of adapters.reverse()) await adapter.dispose() // a shadow is dropped by way of the real one
  }
}

const filesOf = (job) => [{ path: 'schema.prisma', content: job.schema }]

const difference = (job, from) =>
  withEngine(job, async (engine) => {
    const done = await engine.diff({
      from, to: { tag: 'schemaDatamodel', files: filesOf(job) }, script: true, exitCode: null, shadowDatabaseUrl: null,
      filters: { externalTables: [], externalEnums: [] },
    })
    return done.stdout
  })

const pull = (job) =>
  withEngine(job, async (engine) => {
    const done = await engine.introspect({
      schema: { files: filesOf(job) }, baseDirectoryPath: process.cwd(), force: false, compositeTypeDepth: 0,
      namespaces: job.namespaces ?? null,
    })
    return { schema: done.schema.files.map((f) => f.content).join('\n'), warnings: done.warnings, views: done.views }
  })

// ---------------------------------------------------------------- the client

// A client as `prisma generate` writes it, out of a folder that is gone again at the end.
async function clientOf(job) {
  const { generateClient, getDMMF } = require('@prisma/client-generator-js')
  const previewFeatures = ['views', 'partialIndexes']
  const dmmf = await getDMMF({ datamodel: [['schema.prisma', job.schema]], previewFeatures })
  const outputDir = mkdtempSync(join(process.cwd(), 'generated-'))
  process.once('exit', () => rmSync(outputDir, { recursive: true, force: true }))
  const schemaPath = join(outputDir, 'schema.prisma')
  await generateClient({
    datamodel: job.schema, schemaPath, outputDir, dmmf, previewFeatures, binaryPaths: {}, testMode: true, copyRuntime: false,
    runtimeBase: '@prisma/client/runtime', runtimeSourcePath: dirname(require.resolve('@prisma/client/runtime/client')),
    generator: {
      name: 'client', provider: { value: 'prisma-client-js', fromEnvVar: null }, output: { value: outputDir, fromEnvVar: null }, config: {},
      binaryTargets: [], previewFeatures, sourceFilePath: schemaPath, isCustomOutput: false,
    },
    datasources: [{ name: 'db', provider: job.provider, activeProvider: job.provider, schemas: [], sourceFilePath: schemaPath }],
    clientVersion: require('@prisma/client/package.json').version, engineVersion: '0'.repeat(40), activeProvider: job.provider,
    compilerBuild: 'fast',
  })
  const { PrismaClient } = require(outputDir)
  return { client: new PrismaClient({ adapter: adapterOf(job), errorFormat: 'minimal' }), dmmf }
}

const readers = {
  bigint: (v) => BigInt(v),
  decimal: (v) => new runtime.Decimal(v),
  datetime: (v) => new Date(v),
  bytes: (v) => new Uint8Array(Buffer.from(v, 'base64')),
  dbnull: () => runtime.DbNull,
  jsonnull: () => runtime.JsonNull,
}

function read(x) {
  if (Array.isArray(x)) return x.map(read)
  if (x === null || typeof x !== 'object') return x
  if (typeof x.$ === 'string') return readers[x.$](x.v)
  return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, read(v)]))
}

function write(x) {
  if (typeof x === 'bigint') return { $: 'bigint', v: x.toString() }
  if (runtime.Decimal.isDecimal(x)) return { $: 'decimal', v: x.toFixed() }
  if (x instanceof Date) return { $: 'datetime', v: x.toISOString() }
  if (x instanceof Uint8Array) return { $: 'bytes', v: Buffer.from(x).toString('base64') }
  if (Array.isArray(x)) return x.map(write)
  if (x === null || typeof x !== 'object') return x
  return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, write(v)]))
}

async function calls(job) {
  const { client } = await clientOf(job)
  try {
    const results = []
    for (const [model, action, args] of job.calls) {
      try {
        results.push({ ok: write(await client[model[0].toLowerCase() + model.slice(1)][action](read(args ?? {}))) })
      } catch (e) {
        results.push({ error: String(e.message), code: e.code ?? e.constructor.name })
      }
    }
    return results
  } finally {
    await client.$disconnect()
  }
}

async function useAll(job) {
  const { client, dmmf } = await clientOf(job)
  try {
    return write(await use(client, dmmf.datamodel, runtime, job.views ?? []))
  } finally {
    await client.$disconnect()
  }
}

const push = (job) =>
  withEngine(job, (engine) =>
    engine.schemaPush({ force: false, schema: { files: filesOf(job) }, filters: { externalTables: [], externalEnums: [] } }))

const operations = {
  ddl: (job) => difference(job, { tag: 'empty' }),
  diff: (job) => difference(job, { tag: 'schemaDatasource', files: filesOf(job), configDir: process.cwd() }),
  migrate: (job) => migrate(job, withEngine),
  use: useAll,
  pull,
  push,
  calls,
}

// A fault within the engine may leave its memory in disorder: another process answers what is asked next.
let broken = false

async function answer(jobs, place) {
  const results = []
  for (const job of JSON.parse(readFileSync(jobs, 'utf8'))) {
    try {
      results.push({ ok: await operations[job.op](job) })
    } catch (e) {
      broken ||= /unreachable|panic/i.test(String(e.message ?? e))
      results.push({ error: String(e.message ?? e), code: e.code ?? null })
    }
  }
  writeFileSync(place, JSON.stringify(results))
}

if (process.argv[2] === '--serve') {
  for await (const line of createInterface({ input: process.stdin })) {
    await answer(...line.split('\t'))
    writeSync(3, broken ? 'last\n' : 'done\n')
    if (broken) break
  }
} else {
  await answer(process.argv[2], process.argv[3])
}
process.exit(0)
