-- What one_key_spec and its worker share.
return {
  cases = { "once", "rows", "raises", "fails", "itself", "circle", "dies" },
  schema = [[
model Item {
  id    Int    @id
  name  String
  notes Note[]
}

model Note {
  id     Int  @id
  item   Item @relation(fields: [itemId], references: [id])
  itemId Int
}
]],
}
