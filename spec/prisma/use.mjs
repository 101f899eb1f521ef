// Everything that a client does to each model of any schema: rows are made, read, changed and read again with all their relations, and counted.
// The answer: { done: number of calls, errors: [text], rows: { Model: [row, ...] }, args: { Model: what these were read with } }, the rows as
// they are at the end. Of views the rows are only read.

const texts = {
  Uuid: '00112233-4455-6677-8899-aabbccddeeff', Xml: '<a>b</a>', Inet: '10.0.0.1', Bit: (n) => '1'.repeat(n ?? 1), VarBit: () => '101',
  Char: (n) => 'xyz'.slice(0, n ?? 1), VarChar: (n) => 'é'.repeat(Math.min(n ?? 4, 4)),
}

// The n-th value for a scalar field; different n differ where the type has that many.
function scalar(field, n, { Decimal }) {
  const [native, sizes] = field.nativeType ?? []
  const make = {
    String: () => {
      const one = texts[native]
      if (typeof one === 'function') return one(sizes?.[0] && Number(sizes[0]))
      return one ? (native === 'Uuid' ? one.slice(0, -2) + String(10 + n) : one) : `text ${n} é ✓`
    },
    Int: () => 10 + n, BigInt: () => 9007199254740993n + BigInt(n), Float: () => n + 0.5, Decimal: () => new Decimal(`${n}.25`).toDecimalPlaces(native === 'Decimal' ? Number(sizes[1] ?? 0) : 2),
    DateTime: () => new Date(native === 'Date' ? Date.UTC(2024, 1, 1 + n) : Date.UTC(1970, 0, 1, 12, n, 1)), Json: () => ({ n, deep: [null, { a: 'b' }] }),
    Bytes: () => Uint8Array.from([0, 255, n]), Boolean: () => n % 2 === 0,
  }[field.type]
  return field.isList ? [make(), make()] : make()
}

const lower = (name) => name[0].toLowerCase() + name.slice(1)
const relations = (model) => model.fields.filter((f) => f.kind === 'object')
const owned = (field) => field.relationFromFields.length > 0

// A model after those that it cannot be without.
function inOrder(models) {
  const list = [], seen = new Set()
  const visit = (model) => {
    if (seen.has(model.name)) return
    seen.add(model.name)
    for (const field of relations(model)) if (owned(field) && field.isRequired) visit(models.find((m) => m.name === field.type))
    list.push(model)
  }
  models.forEach(visit)
  return list
}

function whereOf(model, row) {
  const single = model.fields.find((f) => f.isId) ?? (model.primaryKey ? null : model.fields.find((f) => f.isUnique && row[f.name] !== null))
  if (single) return { [single.name]: row[single.name] }
  const key = model.primaryKey ?? model.uniqueIndexes[0]
  return { [key.name ?? key.fields.join('_')]: Object.fromEntries(key.fields.map((f) => [f, row[f]])) }
}

export async function use(client, datamodel, runtime, views) {
  const errors = [], rows = {}, args = {}
  let done = 0
  const call = async (model, action, args) => {
    done++
    try {
      return await client[lower(model.name)][action](args)
    } catch (e) {
      errors.push(`${model.name}.${action}: ${e.message}`)
      return null
    }
  }
  const enumValue = (field, n) => {
    const { values } = datamodel.enums.find((e) => e.name === field.type)
    const one = values[n % values.length].name
    return field.isList ? [one] : one
  }
  const value = (field, n) => (field.kind === 'enum' ? enumValue(field, n) : scalar(field, n, runtime))
  const foreign = (model) => new Set(relations(model).flatMap((f) => f.relationFromFields))
  const pairs = (field, row) => field.relationFromFields.map((name, i) => [name, row[field.relationToFields[i]]])

  function dataFor(model, n, isUpdate) {
    const keys = foreign(model), data = {}
    const fixed = new Set(model.primaryKey?.fields ?? [])
    for (const field of model.fields) {
      if (field.kind === 'object' || field.kind === 'unsupported' || keys.has(field.name)) continue
      const number = field.hasDefaultValue && field.default?.name === 'autoincrement'
      if (number || (isUpdate && (field.isId || fixed.has(field.name)))) continue
      if (n === 0 && (!field.isRequired || field.hasDefaultValue || field.isUpdatedAt)) continue // the least
      data[field.name] = value(field, n)
    }
    for (const field of relations(model)) {
      if (!owned(field) || (isUpdate ? field.isRequired : !field.isRequired)) continue
      const target = rows[field.type]?.[isUpdate ? 0 : n]
      if (target) Object.assign(data, Object.fromEntries(pairs(field, target)))
    }
    return data
  }

  const models = inOrder(datamodel.models.filter((m) => !m.isIgnored))
  for (const model of models) {
    rows[model.name] = []
    for (const n of views.includes(model.name) ? [] : [0, 1]) {
      const row = await call(model, 'create', { data: dataFor(model, n, false) })
      if (row) rows[model.name].push(row)
    }
  }
  for (const model of models) {
    const last = rows[model.name].at(-1)
    if (last) {
      const data = dataFor(model, 2, true)
      for (const field of relations(model)) {
        const other = models.find((m) => m.name === field.type)
        const target = rows[field.type]?.[0]
        const both = relations(other).find((f) => f.relationName === field.relationName && (f !== field))
        if (field.isList && both?.isList && target) data[field.name] = { connect: [whereOf(other, target)] }
      }
      const where = whereOf(model, last)
      if (relations(model).some((f) => data[f.name])) {
        const links = Object.fromEntries(relations(model).filter((f) => data[f.name]).map((f) => [f.name, data[f.name]]))
        await call(model, 'update', { where, data: links })
        for (const name of Object.keys(links)) delete data[name]
      }
      if (Object.keys(data).length > 0) await call(model, 'update', { where, data })
    }
  }
  for (const model of models) {
    const include = Object.fromEntries(relations(model).map((f) => [f.name, true]))
    const orderBy = model.fields.filter((f) => f.isId || model.primaryKey?.fields.includes(f.name) || f.isUnique).map((f) => ({ [f.name]: 'asc' }))
    args[model.name] = Object.keys(include).length ? { include, orderBy } : { orderBy }
    rows[model.name] = (await call(model, 'findMany', args[model.name])) ?? []
    const count = await call(model, 'count')
    if (count !== rows[model.name].length) errors.push(`${model.name}: ${count} counted, ${rows[model.name].length} found`)
  }
  return { done, errors, rows, args }
}
