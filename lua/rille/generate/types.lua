--- The types of a schema for editors, as LuaCATS annotations.
local client = require "rille.client"
local extension = require "rille.generate.extension"
local methods = require "rille.generate.methods"
local model = require "rille.generate.model"
local values = require "rille.generate.values"
local writer = require "rille.generate.writer"

local types = {}
types.__index = types

local HEAD = [[
---@meta
--- Types of %s, written by `rille generate`: changes here are lost.
---
---     ---@type %s
---     local db = require("rille").connect()
---
--- Then the editor knows the models of db, their fields, and what each method takes and returns.
-- luacheck: ignore 631]]

local PART = [[
---@meta
--- Types of %s, written by `rille generate`: changes here are lost.
-- luacheck: ignore 631
]]

--- Returns the types of orders.
function types:sort()
  local shared = self.values.shared
  local direction = self.out:alias(shared .. "Sort", '"asc"|"desc"')
  local plain = self.out:class(shared .. "SortPlain", { { "sort", direction } })
  local nulls = self.out:class(shared .. "SortNulls", { { "sort", direction }, { "nulls", '"first"|"last"', true } })
  local count = direction .. "|" .. plain
  return {
    direction = direction, plain = direction .. "|" .. plain, nulls = direction .. "|" .. nulls,
    count = self.out:class(shared .. "SortCount", { { "_count", count } }),
  }
end

local function write_enum(self, enum)
  local names, docs = {}, { enum.doc }
  for i, value in ipairs(enum.values) do
    names[i] = ("%q"):format(value.name)
    if value.doc then docs[#docs + 1] = ("`%s`: %s"):format(value.name, value.doc) end
  end
  self.out:alias(self.prefix .. "." .. enum.name, table.concat(names, "|"), table.concat(docs, "\n"))
end

local function write_model(self, m)
  local one = model.new(self, m)
  one:row()
  one:fields()
  one:conditions()
  one:orders()
  one:selections()
  if not m.view then one:data() end
  return methods.write(one)
end

-- Returns the type of a method of the client that is hidden by a model, or depends on the client.
local function method_type(own, name)
  if name == "transaction" then return ("fun(self: %s, fn: (fun(tx: %s): ...), options?: rille.TransactionOptions): ..."):format(own, own) end
  if name == "batch" then return ("fun(self: %s, fn: (fun(b: %s): ...), options?: rille.BatchOptions): ..."):format(own, own) end
  return ("fun(self: %s, ...: any): ..."):format(own)
end

-- Writes the class of a model with the name of a client method. It can be called.
local function write_callable(self, class, name)
  return self.out:class(class:gsub("%.Model$", ".Callable"), {}, {
    parent = class, open = true, overload = method_type(self.prefix, name), doc = ("The model. Calling it calls the client method `%s`."):format(name),
  })
end

-- Writes the client with the three names of each model. Its class is also a parent of rille.Client, so the annotation of a variable needs no cast.
local function write_client(self, classes)
  local fields, own, taken = {}, self.prefix, {}
  for _, c in ipairs(classes) do
    local m, said = c.model, {}
    for _, name in ipairs { m.snake, m.camel, m.name } do
      local type = client.methods[name] and write_callable(self, c.class, name) or c.class
      if not said[name] then fields[#fields + 1] = { name, type, nil, m.doc } end
      said[name], taken[name] = true, true
    end
  end
  for _, name in ipairs { "transaction", "batch" } do
    if not taken[name] then fields[#fields + 1] = { name, method_type(own, name) } end
  end
  for _, name in ipairs(extension.names(self.extension.client)) do
    if not taken[name] then fields[#fields + 1] = { name, self.extension.client[name](own) } end
  end
  self.out:class(own, fields, { parent = "rille.ClientMethods", doc = "The client, with the three names of each model.", open = true })
  self.out:class("rille.Client", {}, { parent = own, open = true })
end

-- Bytes. Editors ignore larger files: lua-language-server reads 500 KB.
local FILE_SIZE = 400000

--- Returns the annotations as text. The same schema results in the same text.
---@param schema table of core.schema_models
---@param options { prefix: string, source: string, size?: integer, extension?: rille.ExtensionTypes, extension_file?: string } prefix: start of the
---   names of classes, and the name of the class of the client; size: maximum bytes per file
---@return string text
---@return { name: string, text: string }[]|nil parts if it is larger: one file per model
function types.text(schema, options)
  local self = setmetatable({ out = writer.new(), prefix = options.prefix, by_name = {},
    extension = options.extension or { models = {}, client = {} } }, types)
  self.values = values.new(self.out, options.prefix)
  local head = HEAD:format(options.source, options.prefix)
  if options.extension_file then
    head = head:gsub("\n%-%-%- Then the editor", function(rest) return "\n--- Extended by " .. options.extension_file .. rest end)
  end
  self.out:line(head)
  for _, m in ipairs(schema.models) do
    if not m.ignored then self.by_name[m.name] = m end
  end
  for _, enum in ipairs(schema.enums) do write_enum(self, enum) end
  local classes = {}
  for _, m in ipairs(schema.models) do
    if not m.ignored then
      self.out:begin_part(m.name)
      classes[#classes + 1] = { model = m, class = write_model(self, m) }
    end
  end
  self.out:begin_part(nil)
  write_client(self, classes)
  local text = self.out:text()
  if #text <= (options.size or FILE_SIZE) then return text end
  local common, parts = self.out:pieces()
  for _, part in ipairs(parts) do part.text = PART:format(options.source) .. part.text end
  return common, parts
end

return types
