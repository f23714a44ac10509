/** Whether jobs of a run may run in an image of podman: `allow.images` of config.toml. Pure. */
import { globOf } from '../../../protocols/glob.ts'
import type { Refusal, Rules } from './allow.ts'

/** @param image as the job names it @param names all tags and digests of that image here: the same content has them all */
export function refuseImage(
  { images = false }: Pick<Rules, 'images'>,
  image: string,
  names: string[]
): Refusal | undefined {
  if (images === true) return undefined
  if (images === false) return { rule: 'images', why: 'lets no job of others run in an image' }
  const isNamed = images.map(globOf).some(fits => [image, ...names].some(fits))
  return isNamed ? undefined : { rule: 'images', why: `does not name ${image}` }
}
